"""A load into S3 is seen whole or not at all, whatever happens to it; on a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.cloudquery_plugins.adapters import Pair, Sync
from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.cloudquery_plugins.types import plain, to_arrow
from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.technologies.s3 import snapshot
from datakit_iac.technologies.s3.carrying import in_clear
from datakit_iac.technologies.s3.cloudquery.adapter import S3DestinationAdapter, S3SourceAdapter
from datakit_iac.technologies.s3.cloudquery.load import Load
from datakit_iac.technologies.s3.cloudquery.source import S3Source
from datakit_iac.technologies.s3.cloudquery.spec import LoadSpec
from datakit_iac.technologies.s3.factory import S3
from datakit_iac.technologies.s3.objects import Objects
from datakit_iac.testing import MARK, TechnologyKit
from tests.technologies.kits import column, s3_kit

Rows = Sequence[tuple[Any, ...]]
COLUMNS = (column("id", "integer", primaryKey=True), column("v"))


@dataclass
class Lake:
    """A DataSet in a bucket, loaded and read without the CLI."""

    kit: TechnologyKit
    columns: tuple[Column, ...] = COLUMNS
    more: dict[str, Any] = field(default_factory=dict)
    format: Any = None

    @property
    def dataset(self) -> BoundDataSet:
        place = Place(prefix="users/", format=self.format)
        return replace(self.kit.dataset(columns=self.columns), place=place, **self.more)

    @property
    def objects(self) -> Objects:
        connection = self.kit.connection
        return Objects(connection.options, {name: each.reveal() for name, each in connection.secrets.items()})

    def begun(self, rows: Rows, mode: str = "overwrite-delete-stale", run: str = "1a", source: str = "load") -> Load:
        """A load that has taken all rows."""
        inbox = replace(self.dataset, connection=Connection("files", {"path": "."}))
        sync = Sync((Pair(inbox, self.dataset),), mode, source, run)
        load = Load(LoadSpec.parse(in_clear(S3DestinationAdapter().spec(sync))))
        try:
            self._send(load, rows, mode, source)
        except PluginFault:
            load.abandon()  # as its servicer does
            raise
        except Killed:
            load._end()  # in a process of its own, its scratch would be left
            raise
        return load

    def _send(self, load: Load, rows: Rows, mode: str, source: str) -> None:
        fields = [
            wire.field(each.name, to_arrow(each.type), required=each.required, key=each.primary_key)
            for each in self.columns
        ]
        schema = wire.table_schema("users/", fields)
        load.migrate(wire.encode_schema(schema), force=False)
        arrays = [pa.array([row[number] for row in rows], each.type) for number, each in enumerate(schema)]
        load.insert(wire.encode_batch(pa.RecordBatch.from_arrays(arrays, schema=schema)))
        if mode == "overwrite-delete-stale":
            load.delete_stale("users/", source, datetime.now(UTC))
        load.finish()

    def load(self, rows: Rows, *how: str) -> None:
        load = self.begun(rows, *how)
        try:
            load.commit()
        except Killed:
            load._end()
            raise

    def rows(self) -> list[Any]:
        """What our source reads."""
        sync = Sync((Pair(self.dataset, replace(self.dataset, place=Place(table="t"))),), "append")
        source = S3Source(in_clear(S3SourceAdapter().spec(sync)))
        try:
            batches = [plain(each) for data in source.batches() for each in wire.decode_batches(data)]
        finally:
            source.close()
        if not batches:
            return []
        database = duckdb.connect()
        database.register("found", pa.Table.from_batches(batches))
        return database.execute("SET TimeZone = 'UTC'").execute("FROM found ORDER BY ALL").fetchall()

    def left_over(self) -> list[str]:
        """Objects below the prefix that the snapshot does not name."""
        known = snapshot.read(self.objects, "users/")
        named = {each.key for each in (known and known.objects) or ()}
        return [each.key for each in self.objects.list("users/") if each.key not in named]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    made = Lake(s3_kit(tmp_path))
    with S3().open(made.kit.connection, create=True) as session:
        session.create(made.dataset, MARK)
    return made


def version(lake: Lake) -> Any:
    with S3().open(lake.kit.connection) as session:
        return session.data_version(lake.dataset)


TYPED: list[tuple[str, Any, Any]] = [
    ("boolean", True, True),
    ("smallint", -3, -3),
    ("integer", 5, 5),
    ("bigint", 2**62 + 1, 2**62 + 1),
    ("double", 0.1, 0.1),
    ("decimal(38,9)", "12345678901234567890123456789.123456789", None),
    ("string", "a, \"b\"\n'c' é", "a, \"b\"\n'c' é"),
    ("date", "2013-02-28", None),
    ("time", "12:34:56.000001", None),
    ("timestamp", "2013-02-28 12:34:56.000001", None),
    ("timestamptz", "2013-02-28 12:34:56.000001+00:00", None),
    ("json", '{"a": [1, "x"]}', None),
    ("uuid", "00000000-0000-0000-0000-00000000002a", None),
    ("array<integer>", [1, 2], [1, 2]),
]


@pytest.mark.parametrize("format_", ["parquet", "csv", "json"])
def test_every_type_is_read_as_it_was_written(lake: Lake, format_: str) -> None:
    lake.columns = tuple(column(f"c{number}", kind) for number, (kind, _, _) in enumerate(TYPED))
    lake.format = format_
    values = [_arrow(kind, value) for kind, value, _ in TYPED]
    lake.load([tuple(values), (None,) * len(TYPED)])
    full, empty = lake.rows()
    shown = [str(each) for each in full]
    assert empty == (None,) * len(TYPED)
    for (kind, value, expected), found, text in zip(TYPED, full, shown, strict=True):
        assert found == expected if expected is not None else text.replace(" ", "") == str(value).replace(" ", ""), kind


def _arrow(kind: str, value: Any) -> Any:
    """A value as Arrow takes it."""
    made = {"decimal(38,9)": "DECIMAL(38,9)", "date": "DATE", "time": "TIME", "timestamp": "TIMESTAMP"}
    if kind in made:
        return duckdb.connect().execute(f"SELECT CAST('{value}' AS {made[kind]})").fetchall()[0][0]
    if kind == "timestamptz":
        return datetime.fromisoformat(value)
    if kind == "uuid":
        return bytes.fromhex(value.replace("-", ""))
    return value.encode() if kind == "json" else value


def test_what_a_format_cannot_tell_is_refused_and_nothing_changes(lake: Lake) -> None:
    lake.format = "csv"
    lake.load([(1, "x")])
    with pytest.raises(PluginFault, match="csv does not keep every value of v"):
        lake.load([(2, "")])
    assert lake.rows() == [(1, "x")]
    lake.more = {"reader": {"nulls": ["\\N"]}}
    lake.load([(2, ""), (3, None)])
    assert lake.rows() == [(2, ""), (3, None)]


def test_objects_of_partitions_lie_in_folders_of_their_values(lake: Lake) -> None:
    lake.columns = (*COLUMNS, column("year", "integer"))
    lake.more = {"partition_by": ("year",)}
    rows = [(1, "x", 2013), (2, "y", 2014), (3, "z", None)]
    lake.load(rows)
    folders = {each.key.rpartition("/")[0] for each in lake.objects.list("users/")}
    assert folders == {"users/year=2013", "users/year=2014", "users/year=__HIVE_DEFAULT_PARTITION__"}
    assert lake.rows() == rows


def test_nobody_sees_a_load_before_its_end(lake: Lake) -> None:
    lake.load([(1, "x")])
    before = version(lake)
    load = lake.begun([(2, "y")])
    assert (lake.rows(), version(lake)) == ([(1, "x")], before)
    load.abandon()
    assert (lake.rows(), version(lake), lake.left_over()) == ([(1, "x")], before, [])


def test_a_load_of_the_same_rows_has_the_same_version(lake: Lake) -> None:
    lake.load([(1, "x"), (2, "y")])
    first = version(lake)
    lake.load([(1, "x"), (2, "y")])
    assert version(lake) == first
    lake.load([(1, "x")])
    assert version(lake) != first


def test_of_two_loads_at_a_time_one_is_refused_whole(lake: Lake) -> None:
    lake.load([(1, "x")])
    one, other = lake.begun([(2, "y")]), lake.begun([(3, "z")])
    one.commit()
    with pytest.raises(PluginFault, match="loaded or removed by somebody else meanwhile"):
        other.commit()
    other.abandon()
    assert (lake.rows(), lake.left_over()) == ([(2, "y")], [])


def test_a_description_that_changes_meanwhile_is_no_load(lake: Lake) -> None:
    load = lake.begun([(1, "x")])
    with S3().open(lake.kit.connection) as session:
        session.alter(replace(lake.dataset, description="Other."), (), MARK)
    load.commit()
    with S3().open(lake.kit.connection) as session:
        live = session.describe(lake.dataset.place)
    assert live is not None
    assert (live.description, live.is_empty) == ("Other.", False)
    assert lake.rows() == [(1, "x")]


def test_rows_of_other_writers_stay_and_those_of_former_ones_go(lake: Lake) -> None:
    lake.columns = (column("id", "integer"), column("v"))
    lake.more = {"writers": ("load", "other", "former")}
    for source in ("load", "other", "former"):
        lake.load([(1, source)], "overwrite-delete-stale", "1a", source)
    assert lake.rows() == [(1, "former"), (1, "load"), (1, "other")]
    lake.more = {"writers": ("load", "other")}
    lake.load([(2, "load")])
    assert lake.rows() == [(1, "other"), (2, "load")]


def test_objects_of_others_in_the_way_are_refused_and_stay(lake: Lake) -> None:
    lake.load([(1, "x")])
    lake.objects.write("users/theirs.parquet", b"theirs")
    with pytest.raises(PluginFault, match=r"1 objects of .* were not written by datakit, the first: .*theirs\.parquet"):
        lake.load([(2, "y")])
    assert lake.rows() == [(1, "x")]
    assert lake.objects.read("users/theirs.parquet")[0] == b"theirs"


def test_a_dataset_within_another_is_refused(lake: Lake) -> None:
    with S3().open(lake.kit.connection) as session, pytest.raises(Exception, match="one within the other"):
        session.create(replace(lake.dataset, place=Place(prefix="users/new")), MARK)


def test_an_object_that_was_removed_or_overwritten_is_told_until_it_is_loaded_again(lake: Lake) -> None:
    lake.load([(1, "x")])
    (key,) = [each.key for each in lake.objects.list("users/")]
    lake.objects.delete([key])
    for act in (lake.rows, lambda: version(lake), lambda: lake.load([(2, "y")], "append", "2b")):
        with pytest.raises(Exception, match="1 objects of users/ were removed or overwritten"):
            act()
    lake.load([(2, "y")])
    assert lake.rows() == [(2, "y")]


def test_what_its_retention_has_removed_is_not_missed(lake: Lake) -> None:
    lake.load([(1, "x")])
    known = snapshot.read(lake.objects, "users/")
    assert known is not None
    old = tuple(replace(each, time=each.time - 31 * 86400) for each in known.objects or ())
    snapshot.switch(lake.objects, "users/", replace(known, objects=old))
    lake.objects.delete([each.key for each in old])
    lake.more = {"retention": "30d"}
    assert lake.rows() == []
    lake.load([(2, "y")], "append", "2b")
    assert lake.rows() == [(2, "y")]


class Killed(BaseException):
    """The process is gone: nothing that would be done after it is done."""


@contextmanager
def killed_at(lake: Lake, number: int, *, is_done: bool) -> Iterator[Callable[[], int]]:
    """Kill the load at its request of a number, before it is sent or after it is done."""
    count, client = 0, lake.objects.client

    def die(**_: Any) -> None:
        nonlocal count
        count += 1
        if count == number:
            raise Killed

    event = "after-call.s3" if is_done else "before-call.s3"
    client.meta.events.register(event, die)
    try:
        yield lambda: count
    finally:
        client.meta.events.unregister(event, die)


@pytest.mark.slow
@pytest.mark.parametrize("is_done", [False, True])
@pytest.mark.parametrize(
    ("mode", "expected"), [("append", [1, 2, 3, 4]), ("overwrite-delete-stale", [3, 4]), ("overwrite", [1, 2, 3, 4])]
)
def test_a_load_that_is_killed_at_any_request_shows_no_half_and_doubles_nothing(
    lake: Lake, mode: str, expected: list[int], is_done: bool
) -> None:
    lake.columns = (*COLUMNS, column("part", "integer"))
    lake.more = {"partition_by": ("part",)}
    old, new = [(1, "x", 0), (2, "y", 1)], [(3, "z", 0), (4, "w", 1)]
    number = 0
    while True:
        number += 1
        lake.load(old)
        with killed_at(lake, number, is_done=is_done) as requests, suppress(Killed):
            lake.load(new, mode, f"{number:x}")
        assert [row[0] for row in lake.rows()] in ([1, 2], expected), number
        if requests() < number:
            break
        lake.load(new, mode, f"{number:x}")
        assert [row[0] for row in lake.rows()] == expected, number
        assert lake.left_over() == [], number
    assert number > 8


def test_what_others_put_beside_a_load_stays_when_its_dataset_goes(lake: Lake) -> None:
    lake.load([(1, "x")])
    lake.objects.write("users/theirs.parquet", b"theirs")
    with S3().open(lake.kit.connection) as session:
        session.rename(lake.dataset.place, "users__old")
        assert [each.key for each in lake.objects.list("users/")] == ["users/theirs.parquet"]
        live = session.describe(Place(prefix="users__old"))
        assert live is not None
        assert not live.is_empty
        session.drop(Place(prefix="users__old"))
        assert [*lake.objects.list("users__old/")] == []
    assert lake.objects.read("users/theirs.parquet")[0] == b"theirs"
