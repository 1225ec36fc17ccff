"""Whole syncs into S3 and out of it: the real CLI, our plugins as processes, and a real server."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import Any

import duckdb
import pytest

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.contract.job import Job
from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.runtimes.cloudquery.runtime import CloudQuery
from datakit_iac.runtimes.execution import run
from datakit_iac.runtimes.job import JobFailedError, RunContext, RunResult
from datakit_iac.technologies.ownership import Mark
from datakit_iac.technologies.s3.factory import S3
from tests.command_lines import command_lines
from tests.runtimes.test_cloudquery_sync import Loud, _family
from tests.technologies.kits import column, s3_kit

pytestmark = pytest.mark.engine

COLUMNS = (column("id", "integer", primaryKey=True), column("v"))


@dataclass
class Lake:
    """A folder of files, a bucket, and a DuckDB file; rows go from one to the next."""

    folder: Path
    connection: Connection
    columns: tuple[Column, ...] = COLUMNS
    shown: list[str] = field(default_factory=list)

    @property
    def source(self) -> BoundDataSet:
        files = Connection("files", {"path": str(self.folder), "nulls": ["NA"]})
        return BoundDataSet("a-file", "files", files, Place(prefix="a.csv"))

    def target(self, format_: Any = None, **more: Any) -> BoundDataSet:
        return BoundDataSet("a", "lake", self.connection, Place(prefix="a/", format=format_), self.columns, **more)

    def write(self, *lines: str) -> None:
        names = ",".join(each.name for each in self.columns)
        (self.folder / "a.csv").write_text(f"{names}\n" + "".join(f"{line}\n" for line in lines))

    def load(self, target: BoundDataSet | None = None, run_: str = "", **settings: Any) -> RunResult:
        job = Job("load", "cloudquery", settings, (self.source,), (target or self.target(),), identity=run_)
        return self.run(job)

    def run(self, job: Job, on_line: Callable[[str], None] = lambda _: None) -> RunResult:
        context = RunContext(Loud(self.folder, on_line), self.folder / "cache", self.shown.append, Event())
        return run(CloudQuery(), job, context)

    def rows(self, target: BoundDataSet | None = None) -> list[Any]:
        """What our source reads, into an empty table."""
        source = target or self.target()
        database = self.folder / f"{time.time_ns()}.duckdb"
        warehouse = Connection("duckdb", {"path": str(database)})
        self.run(Job("read", "cloudquery", {}, (source,), (replace(source, name="b", connection=warehouse,
            place=Place(table="b"), partition_by=()),)))  # fmt: skip
        with duckdb.connect(database) as connection:
            names = ", ".join(f'"{each.name}"' for each in self.columns)
            return connection.execute(f"SELECT {names} FROM b ORDER BY ALL").fetchall()


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    kit = s3_kit(tmp_path)
    with S3().open(kit.connection, create=True) as session:
        lake = Lake(tmp_path, kit.connection)
        session.create(lake.target(), Mark("shop/dev", "a", "1f"))
    lake.write("1,x", "2,NA")
    return lake


@pytest.mark.parametrize("format_", ["parquet", "csv", "json"])
def test_rows_arrive_are_counted_and_are_read_again(lake: Lake, format_: str) -> None:
    target = lake.target(format_)
    assert lake.load(target) == RunResult({"a": 2}, ())
    assert lake.rows(target) == [(1, "x"), (2, None)]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("overwrite-delete-stale", [(2, "y"), (3, "z")]),
        ("overwrite", [(1, "x"), (2, "y"), (3, "z")]),
    ],
)
def test_a_second_sync_keeps_the_promise_of_its_write_mode(lake: Lake, mode: str, expected: list[Any]) -> None:
    lake.load(writeMode=mode)
    lake.write("2,y", "3,z")
    lake.load(writeMode=mode)
    assert lake.rows() == expected


def test_an_append_that_is_tried_again_appends_nothing_twice(lake: Lake) -> None:
    lake.load(run_="1a", writeMode="append")
    lake.write("3,z")
    for _ in range(2):
        lake.load(run_="2b", writeMode="append")
    assert lake.rows() == [(1, "x"), (2, None), (3, "z")]
    with pytest.raises(JobFailedError, match="1 rows have a primary key that is there already"):
        lake.load(run_="3c", writeMode="append")
    assert lake.rows() == [(1, "x"), (2, None), (3, "z")]


def test_no_secret_is_in_what_is_left_or_shown(lake: Lake) -> None:
    secrets = [each.reveal() for each in lake.connection.secrets.values()]

    def look(line: str) -> None:
        assert not [each for each in secrets if each in line]

    with command_lines("datakit-destination-s3", *secrets) as seen:
        lake.run(Job("load", "cloudquery", {}, (lake.source,), (lake.target(),)), on_line=look)
    assert any("datakit-destination-s3" in each for each in seen)
    assert not [each for each in seen if any(secret in each for secret in secrets)]
    left = [each for each in lake.folder.rglob("*") if each.is_file()]
    assert not [each for each in left if any(secret.encode() in each.read_bytes() for secret in secrets)]


@pytest.mark.slow
@pytest.mark.parametrize("number", range(3))
def test_a_plugin_that_is_killed_at_any_time_shows_no_half_and_doubles_nothing(lake: Lake, number: int) -> None:
    old, new = [(1, "x"), (2, None)], [(number, "y") for number in range(100, 60_100)]
    lake.load(run_="1a", writeMode="append")
    lake.write(*(f"{key},y" for key, _ in new))
    job = Job("load", "cloudquery", {"writeMode": "append"}, (lake.source,), (lake.target(),), identity="2b")
    victims: list[int] = []

    def kill() -> None:
        victims.extend(_family(str(lake.folder), "datakit-destination-s3"))
        for process in victims:
            os.kill(process, signal.SIGKILL)

    killing = threading.Timer(random.uniform(0, 1.5), kill)

    def begin(line: str) -> None:
        if "Start fetching" in line and not killing.ident:
            killing.start()

    with suppress(JobFailedError):
        lake.run(job, on_line=begin)
    killing.join()
    assert lake.rows() in (old, [*old, *new])
    lake.run(job)
    assert lake.rows() == [*old, *new]


def test_what_cannot_be_written_is_said_before_anything_runs(lake: Lake) -> None:
    tested = (column("id", "integer", tests=["unique"]), column("v"))
    targets = {
        "cannot be written as avro": lake.target("avro"),
        "CSV is not written with decimal, encoding": lake.target("csv", reader={"decimal": ",", "encoding": "latin-1"}),
        "tests of a cannot run on s3": replace(lake.target(), columns=tested),
        "is a pattern of objects": replace(lake.target(), place=Place(prefix="*.csv")),
    }
    for fault, target in targets.items():
        (said,) = CloudQuery().check(Job("load", "cloudquery", {}, (lake.source,), (target,)))
        assert fault in said.message
