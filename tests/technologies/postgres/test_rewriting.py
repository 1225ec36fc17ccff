"""A table that is rewritten in another order of its columns: what it keeps, what prevents it, and a killed session."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from uuid import uuid4

import pytest

from datakit_iac.technologies.evolution import plan
from datakit_iac.technologies.postgres.factory import Postgres
from datakit_iac.technologies.postgres.session import PostgresSession
from datakit_iac.technologies.technology import StoreError
from datakit_iac.testing import MARK, TechnologyKit
from tests.technologies.kits import column
from tests.technologies.postgres.conftest import Database

KEY, NAME = column("id", "bigint", primaryKey=True, description="The key."), column("name", pii=True)


@pytest.fixture(autouse=True)
def made(session: PostgresSession, kit: TechnologyKit, database: Database) -> None:
    """The table `users` with two rows, a loader's column and one that nobody declared."""
    session.create(replace(kit.dataset(columns=(KEY, NAME)), classification="restricted"), MARK)
    database.execute("ALTER TABLE raw.users ADD COLUMN _cq_id text; ALTER TABLE raw.users ADD COLUMN extra int")
    database.execute("INSERT INTO raw.users VALUES (1, 'ann', 'x', 7), (2, 'bob', 'y', NULL)")


def reorder(session: PostgresSession, kit: TechnologyKit) -> None:
    dataset = replace(kit.dataset(columns=(NAME, KEY)), classification="restricted")
    live = session.describe(dataset.place)
    assert live is not None
    asked = {"keys": True, "tags": True, "order": True}
    changes = plan(live.columns, dataset.columns, canonical=Postgres().canonical, **asked)
    session.alter(dataset, [change for change in changes if change.kind != "drop"], MARK)


def test_rows_comments_keys_privileges_and_owner_are_kept(
    session: PostgresSession, kit: TechnologyKit, database: Database
) -> None:
    owner, reader, other = (f"{name}_{uuid4().hex[:8]}" for name in ("owner", "reader", "other"))
    database.execute(f"CREATE ROLE {owner}; CREATE ROLE {reader}; CREATE ROLE {other}")
    database.execute(f"GRANT SELECT ON raw.users TO {reader} WITH GRANT OPTION; GRANT SELECT ON raw.users TO PUBLIC")
    database.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA raw GRANT ALL ON TABLES TO {other}")
    database.execute(f"GRANT CREATE ON SCHEMA raw TO {owner}; ALTER TABLE raw.users OWNER TO {owner}")
    database.execute("ALTER TABLE raw.users RENAME CONSTRAINT users_pkey TO theirs")
    told = "SELECT relacl::text, pg_get_userbyid(relowner) FROM pg_class WHERE oid = 'raw.users'::regclass"
    before, ((granted, _),) = session.describe(kit.place("users")), database.execute(told).fetchall()

    reorder(session, kit)

    assert before is not None
    assert session.describe(kit.place("users")) == replace(
        before, columns=tuple(before.columns[place] for place in (1, 0, 2))
    )
    assert database.execute("SELECT * FROM raw.users ORDER BY id").fetchall() == [
        ("ann", 1, "x", 7),
        ("bob", 2, "y", None),
    ]
    ((after, owned),) = database.execute(told).fetchall()
    assert (sorted(after[1:-1].split(",")), owned) == (sorted(granted[1:-1].split(",")), owner)
    keys = "SELECT conname FROM pg_constraint WHERE conrelid = 'raw.users'::regclass AND contype = 'p'"
    assert database.execute(keys).fetchall() == [("theirs",)]
    database.execute(f"DROP OWNED BY {owner}, {reader}, {other} CASCADE; DROP ROLE {owner}, {reader}, {other}")


OTHERS = {
    "ALTER TABLE raw.users SET UNLOGGED": "its kind of table",
    "CREATE INDEX names ON raw.users (name)": "index raw.names",
    "CREATE VIEW raw.v AS SELECT id FROM raw.users": "view raw.v",
    "CREATE MATERIALIZED VIEW raw.m AS SELECT id FROM raw.users": "materialized view raw.m",
    "CREATE UNLOGGED TABLE raw.o (u bigint REFERENCES raw.users)": "constraint o_u_fkey on table raw.o",
    "CREATE TABLE raw.child () INHERITS (raw.users)": "table raw.child",
    "ALTER TABLE raw.users ADD CONSTRAINT positive CHECK (id > 0)": "constraint positive on table raw.users",
    "ALTER TABLE raw.users ALTER name SET DEFAULT 'x'": "default value for column name of table raw.users",
    "ALTER TABLE raw.users ALTER id ADD GENERATED ALWAYS AS IDENTITY": "the identity of column id",
    "ALTER TABLE raw.users ENABLE ROW LEVEL SECURITY": "its row security",
    "ALTER TABLE raw.users SET (fillfactor = 50)": "its storage parameters",
    "ALTER TABLE raw.users REPLICA IDENTITY FULL": "its replica identity",
    'ALTER TABLE raw.users ALTER name TYPE text COLLATE "C"': "the collation of column name",
    "ALTER TABLE raw.users ALTER name SET STORAGE EXTERNAL": "the storage of column name",
    "GRANT SELECT (name) ON raw.users TO PUBLIC": "privileges on column name",
    "CREATE STATISTICS raw.s ON id, name FROM raw.users": "statistics object raw.s",
    "CREATE RULE r AS ON DELETE TO raw.users DO NOTHING": "rule r on table raw.users",
}


def test_what_others_made_of_the_table_is_named_and_stays(
    session: PostgresSession, kit: TechnologyKit, database: Database
) -> None:
    for statement in OTHERS:
        database.execute(statement)
    before = database.execute("SELECT 'raw.users'::regclass::oid").fetchall()

    with pytest.raises(StoreError, match=r"raw\.users is not rewritten, .* would be lost: ") as why:
        reorder(session, kit)

    told = str(why.value).partition("lost: ")[2].partition(". Drop it, run again and make it again")[0].split(", ")
    assert sorted(told) == sorted(OTHERS.values())
    assert database.execute("SELECT 'raw.users'::regclass::oid").fetchall() == before


PAUSE = """
    CREATE FUNCTION public.pause() RETURNS event_trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_advisory_xact_lock(17); END $$;
    CREATE EVENT TRIGGER pause ON ddl_command_start WHEN TAG IN ('DROP TABLE') EXECUTE FUNCTION public.pause();
    SELECT pg_advisory_lock(17)
"""


def test_a_session_that_is_killed_before_the_swap_leaves_the_old_table_whole(
    session: PostgresSession, kit: TechnologyKit, database: Database
) -> None:
    database.execute(PAUSE)
    before = session.describe(kit.place("users"))
    refusals: list[str] = []

    def attempt() -> None:
        with Postgres().open(kit.connection) as other:
            try:
                reorder(other, kit)
            except StoreError as refused:
                refusals.append(str(refused))

    rewriting = threading.Thread(target=attempt)
    rewriting.start()
    waits = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    while not (found := database.execute(waits).fetchall()) and rewriting.is_alive():
        time.sleep(0.01)
    ((pid,),) = found
    held = "SELECT mode FROM pg_locks WHERE pid = %s AND relation = 'raw.users'::regclass ORDER BY 1"
    assert database.execute(held, [pid]).fetchall() == [("AccessShareLock",), ("ShareRowExclusiveLock",)]
    assert database.execute("SELECT count(*) FROM raw.users").fetchall() == [(2,)]  # whoever reads, reads on
    database.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
    rewriting.join()

    assert len(refusals) == 1
    assert "the connection to Postgres was cut" in refusals[0]
    assert session.describe(kit.place("users")) == before
    assert database.execute("SELECT id FROM raw.users ORDER BY 1").fetchall() == [(1,), (2,)]
    assert session.places("datakit_shadow") == []
    database.execute("SELECT pg_advisory_unlock(17)")
    reorder(session, kit)
    assert database.execute("SELECT name FROM raw.users ORDER BY 1").fetchall() == [("ann",), ("bob",)]
