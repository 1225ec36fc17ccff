from __future__ import annotations

import tempfile
from pathlib import Path

import psycopg
import pytest

from tests.servers.postgres import Postgres
from tests.servers.sharing import shared


def test_one_postgres_serves_the_whole_run() -> None:
    facts = shared(Postgres)

    with psycopg.connect(dbname="postgres", **facts) as database:  # type: ignore[arg-type]
        assert database.info.server_version >= 180000
    assert shared(Postgres) == facts


@pytest.mark.slow
def test_a_killed_postgres_starts_again_with_its_data() -> None:
    server = Postgres(Path(tempfile.mkdtemp(prefix="datakit-postgres-")))  # where `nobody` may go
    try:
        server.start()
        with psycopg.connect(dbname="postgres", autocommit=True, **server.facts()) as database:  # type: ignore[arg-type]
            database.execute("CREATE TABLE kept AS SELECT 1 AS number")
            database.execute("CHECKPOINT")
        server.kill()
        server.start()
        with psycopg.connect(dbname="postgres", **server.facts()) as database:  # type: ignore[arg-type]
            assert database.execute("SELECT number FROM kept").fetchall() == [(1,)]
    finally:
        server.remove()
