"""Loads into Postgres that are killed or cut off at any moment: one clear error, and no row lost or doubled."""

from __future__ import annotations

import os
import random
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from datakit_iac.runtimes.job import JobFailedError
from tests.cloudquery.stores import PostgresStore
from tests.runtimes.test_cloudquery_sync import MARK, Bench, _family, appending, attempts, marked, verified
from tests.servers.postgres import Postgres, PostgresWithSmallDisk

pytestmark = pytest.mark.engine

KILLS = int(os.environ.get("DATAKIT_KILLS", "5"))
ROWS = 30_000


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path, PostgresStore(tmp_path))
    bench.project.mkdir()
    yield bench
    assert not _family(str(tmp_path)), "processes were left behind"


@contextmanager
def own(server: Postgres, folder: Path) -> Iterator[Bench]:
    """A bench on a server of its own, started."""
    try:
        server.start()
        store = PostgresStore.__new__(PostgresStore)
        store.connection = {**server.facts(), "port": server.port, "database": "postgres"}
        bench = Bench(folder, store)
        bench.project.mkdir()
        yield bench
    finally:
        server.remove()


def _where_nobody_may_go() -> Path:
    return Path(tempfile.mkdtemp(prefix="datakit-postgres-"))


def test_a_load_that_is_killed_at_any_moment_loses_and_doubles_nothing(bench: Bench) -> None:
    chosen = random.Random(os.environ.get("DATAKIT_KILLS_SEED", "7"))
    marked(bench, MARK)
    longest = 0.0
    failed = list[str]()
    for number in range(KILLS + 1):
        bench.write(*(f"{number * ROWS + each},x" for each in range(ROWS)))
        job = appending(bench, f"{number:x}")
        began = time.monotonic()
        if number == 0:
            bench.run(job)
            longest = time.monotonic() - began
        else:
            killer = threading.Timer(chosen.uniform(0, longest), _kill, [bench, chosen.random()])
            killer.start()
            try:
                bench.run(job)
            except JobFailedError as failure:
                failed.append(str(failure))
            killer.join()
            assert _counts(bench) in ([(number * ROWS,) * 2], [((number + 1) * ROWS,) * 2])
            bench.run(job)  # as the next update does, which knows nothing of the first
        assert _counts(bench) == [((number + 1) * ROWS,) * 2], f"after kill {number}"
        assert attempts(bench)[-1] == ("load", f"{number:x}", False)
        verified(bench)
    assert failed, "every load was over before it was killed"
    assert all(each and "Traceback" not in each for each in failed)


def _kill(bench: Bench, share: float) -> None:
    """Kill one process of the load: either plugin, the CLI, or what holds them together."""
    found = sorted(_family(str(bench.folder)))
    if found:
        os.kill(found[int(share * len(found))], signal.SIGKILL)


def _counts(bench: Bench) -> list[Any]:
    """Rows, and different rows."""
    return bench.store.sql("SELECT count(*), count(DISTINCT id) FROM raw.a")


@pytest.mark.parametrize("mode", ["overwrite-delete-stale", "append"])
def test_a_connection_that_is_cut_during_the_load_is_told_and_the_next_run_loads_all(bench: Bench, mode: str) -> None:
    marked(bench, MARK)
    bench.write("1,x", "2,y")
    job = appending(bench, "aa")
    bench.run(job)
    verified(bench)
    bench.write(*(f"{number},y" for number in range(10, 300_010)))
    cut = list[Any]()

    def terminate(line: str) -> None:
        if '"progress"' in line and not cut:
            mine = "datname = current_database() AND pid <> pg_backend_pid()"
            cut.append(bench.store.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {mine}"))

    again = replace(job, identity="bb", settings={"writeMode": mode})
    with pytest.raises(JobFailedError, match=r"the connection to Postgres at .* was lost: .*; the tables are as they"):
        bench.run(again, on_line=terminate)

    assert cut
    assert bench.rows() == [(1, "x"), (2, "y")]
    bench.run(again)
    kept = 2 if mode == "append" else 0
    assert _counts(bench) == [(300_000 + kept,) * 2]


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_server_that_is_restarted_during_the_load_has_the_table_as_it_was(tmp_path: Path, how: str) -> None:
    server = Postgres(_where_nobody_may_go())
    with own(server, tmp_path) as bench:
        bench.write("1,x", "2,y")
        bench.run()
        bench.write(*(f"{number},y" for number in range(10, 300_010)))
        stopped = list[str]()

        def restart(line: str) -> None:
            if '"progress"' in line and not stopped:
                stopped.append(line)
                getattr(server, how)()

        with pytest.raises(JobFailedError, match=r"the connection to Postgres at .* was lost"):
            bench.run(on_line=restart)
        assert stopped
        with pytest.raises(JobFailedError, match=r"Postgres at .* cannot be opened: .*refused"):
            bench.run()

        server.start()
        assert bench.rows() == [(1, "x"), (2, "y")]
        assert bench.run().counts == {"a": 300_000}
        assert _counts(bench) == [(300_000, 300_000)]


@pytest.mark.parametrize("mode", ["overwrite-delete-stale", "append"])
def test_a_load_that_fills_the_disk_is_told_and_leaves_the_table_as_it_was(tmp_path: Path, mode: str) -> None:
    server = PostgresWithSmallDisk(_where_nobody_may_go())
    with own(server, tmp_path) as bench:
        bench.store.sql(f"CREATE TABLESPACE small LOCATION '{server.disk}'")
        bench.store.sql("ALTER ROLE test SET default_tablespace = small")
        marked(bench, MARK)
        bench.write("1,x", "2,y")
        job = appending(bench, "aa")
        bench.run(job)
        verified(bench)
        bench.write(*(f"{number},{'y' * 200}" for number in range(10, 300_010)))
        again = replace(job, identity="bb", settings={"writeMode": mode})
        with pytest.raises(JobFailedError, match=r"could not extend file .*: No space left on device"):
            bench.run(again)
        assert bench.rows() == [(1, "x"), (2, "y")]
        bench.write(*(f"{number},y" for number in range(10, 1_010)))
        bench.run(again)
        assert _counts(bench) == [(1_000 + (2 if mode == "append" else 0),) * 2]
