"""Snowflake on its emulator: types, names, alterations, what the catalog is asked, and who is let in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
import snowflake.connector
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from snowflake.connector.cursor import SnowflakeCursor

from datakit_iac import stores
from datakit_iac.contract.connection import Connection
from datakit_iac.manifest.models.column import Column, Test
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.manifest.values.types import NAMES, DataType
from datakit_iac.technologies.evolution import plan
from datakit_iac.technologies.ownership import Mark
from datakit_iac.technologies.snowflake import catalog, statements
from datakit_iac.technologies.snowflake.dsn import read
from datakit_iac.technologies.snowflake.factory import Snowflake
from datakit_iac.technologies.snowflake.session import SnowflakeSession
from datakit_iac.technologies.technology import StoreError, address
from datakit_iac.testing import MARK, TechnologyKit
from tests.servers.server import free_port
from tests.servers.sharing import shared
from tests.servers.snowflake import Snowflake as Emulator
from tests.technologies.kits import column
from tests.technologies.snowflake.conftest import Sql, asked, with_options

TYPES = [*NAMES, "decimal(38,10)", "decimal(1,0)", "string(10)"]


def changes_left(session: SnowflakeSession, kit: TechnologyKit, *columns: Column) -> list[str]:
    """What is still to do to a table, by kind and column."""
    live = session.describe(kit.place("users"))
    assert live is not None
    found = plan(live.columns, columns, canonical=Snowflake().canonical, keys=True, tags=True)
    return [f"{each.kind} {each.column}" for each in found]


def alter(session: SnowflakeSession, kit: TechnologyKit, *columns: Column) -> None:
    live = session.describe(kit.place("users"))
    assert live is not None
    found = plan(live.columns, columns, canonical=Snowflake().canonical, keys=True, tags=True)
    session.alter(kit.dataset(columns=columns), found, MARK)


# Types and names.


def test_every_type_is_read_back_as_its_canonical_one(session: SnowflakeSession, kit: TechnologyKit) -> None:
    declared = [Column(name=f"c{number}", type=DataType.parse(each)) for number, each in enumerate(TYPES)]
    session.create(kit.dataset(columns=tuple(declared)), MARK)
    assert changes_left(session, kit, *declared) == []
    assert session.data_version(kit.dataset(columns=())) is not None


@pytest.mark.parametrize("spelling", [*TYPES, "array<text>", "array<array<int>>"])
def test_the_canonical_type_is_its_own_canonical_type(spelling: str) -> None:
    canonical = Snowflake().canonical(DataType.parse(spelling))
    assert Snowflake().canonical(canonical) == canonical


def test_names_are_those_that_nobody_has_to_quote(session: SnowflakeSession, kit: TechnologyKit, somebody: Sql) -> None:
    odd = replace(kit.dataset(columns=(column("Id", "int"), column("order", "text"))), place=Place(table="Raw.Users"))
    session.create(odd, MARK)
    assert somebody("SELECT table_schema, table_name FROM information_schema.tables WHERE table_name = 'USERS'") == [
        ("RAW", "USERS")
    ]
    somebody("INSERT INTO raw.users (id, \"ORDER\") VALUES (1, 'x')")
    live = session.describe(kit.place("users"))
    assert live is not None
    assert [each.name for each in live.columns] == ["id", "order"]
    assert address(odd) == address(kit.dataset()) == "raw.users"
    assert session.count(odd.place) == 1


def test_a_text_with_every_sign_is_kept(session: SnowflakeSession, kit: TechnologyKit) -> None:
    text = 'It\'s \\n a \\ "quoted" 50 % path: C:\\temp\\\n\nlast line \\'
    said = (column("id", "int", description=text), column("name", description="{1}"))
    dataset = kit.dataset(columns=said, description=text, classification="restricted")
    session.create(dataset, MARK)
    live = session.describe(dataset.place)
    assert live is not None
    assert (live.description, live.classification, live.mark) == (text, "restricted", MARK)
    assert changes_left(session, kit, *said) == []


def test_a_location_names_account_and_database() -> None:
    said = Connection("snowflake", {"account": "ACME.us-east-1", "database": "a/b#c"})
    assert Snowflake().location(said) == "snowflake:acme.us-east-1/a%2Fb%23c"
    assert Snowflake().location(Snowflake().at(Snowflake().location(said))) == Snowflake().location(said)
    with pytest.raises(StoreError, match="expected snowflake:ACCOUNT/DATABASE"):
        Snowflake().at("snowflake:acme")


# Alterations and drift.


def test_every_change_that_can_be_made_in_place_is_made(session: SnowflakeSession, kit: TechnologyKit) -> None:
    before = (
        column("id", "int", nullable=False),
        column("price", "decimal(6,2)"),
        column("old"),
        column("gone"),
        column("note", description="One.", pii=True),
    )
    after = (
        column("id", "bigint", primaryKey=True),
        column("price", "decimal(12,2)", nullable=False),
        column("new", previousNames=["old"]),
        column("note", description="Two."),
        column("added", "date", description="It's new."),
    )
    session.create(kit.dataset(columns=before), MARK)
    alter(session, kit, *after)
    assert changes_left(session, kit, *after) == []


@pytest.mark.parametrize(("old", "new"), [("int", "double"), ("decimal(6,2)", "decimal(8,4)"), ("date", "timestamp")])
def test_a_wider_type_that_snowflake_cannot_give_is_refused_in_the_plan(kit: TechnologyKit, old: str, new: str) -> None:
    before, after = column("c", old), column("c", new)
    changes = plan([before], [after], canonical=Snowflake().canonical)
    with pytest.raises(StoreError, match="which Snowflake cannot do; make the DataSet at another place"):
        Snowflake().ddl(kit.dataset(columns=(after,)), changes)


def test_what_others_changed_is_seen(session: SnowflakeSession, kit: TechnologyKit, somebody: Sql) -> None:
    columns = (column("id", "int", primaryKey=True), column("name", description="What they are called."))
    session.create(kit.dataset(columns=columns), MARK)
    assert changes_left(session, kit, *columns) == []
    somebody("COMMENT ON COLUMN raw.users.name IS 'no'")
    somebody("COMMENT ON TABLE raw.users IS 'ours'")
    somebody("ALTER TABLE raw.users ADD COLUMN more NUMBER(9,0)")
    assert changes_left(session, kit, *columns) == ["drop more", "describe name"]
    live = session.describe(kit.place("users"))
    assert live is not None
    assert (live.description, live.mark, str(live.columns[2].type)) == ("ours", None, "bigint")
    somebody("DROP TABLE raw.users")
    assert session.describe(kit.place("users")) is None


def test_a_view_is_seen_described_and_dropped(session: SnowflakeSession, kit: TechnologyKit, somebody: Sql) -> None:
    somebody("CREATE SCHEMA raw")
    somebody("CREATE VIEW raw.users AS SELECT 1 AS id, 'x' AS name")
    session.alter(kit.dataset(), (), MARK)
    live = session.describe(kit.place("users"))
    assert live is not None
    assert (live.is_view, live.description, live.mark, live.is_empty) == (True, "All users.", MARK, False)
    session.drop(kit.place("users"))
    assert session.describe(kit.place("users")) is None


def test_a_change_that_ends_in_the_middle_is_done_by_the_next(
    session: SnowflakeSession, kit: TechnologyKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every statement commits by itself, so the mark comes first: the column that was added asks for its rows."""
    session.create(kit.dataset(), MARK)
    columns = (*kit.dataset().columns, column("a", "int", description="One."), column("b", "int", description="Two."))
    fresh, done = replace(MARK, generation="2b"), 0
    live = session.describe(kit.place("users"))
    assert live is not None
    changes = plan(live.columns, columns, canonical=Snowflake().canonical, tags=True)
    execute = session.database.execute
    for last in range(6):
        sent = 0

        def cut(sql: str, parameters: object = (), limit: int = last) -> object:
            nonlocal sent
            sent += sql.startswith(("ALTER", "COMMENT"))
            if sent > limit:
                raise snowflake.connector.OperationalError("gone", errno=250003)
            return execute(sql, parameters)

        with monkeypatch.context() as patched:
            patched.setattr(session.database, "execute", cut)
            with suppress(StoreError):
                session.alter(kit.dataset(columns=columns), changes, fresh)
        found = session.describe(kit.place("users"))
        assert found is not None
        added = {each.name for each in found.columns} - {"id", "name"}
        assert not added or found.mark == fresh
        done = len(added)
        changes = plan(found.columns, columns, canonical=Snowflake().canonical, tags=True)
    assert done == 2
    assert changes_left(session, kit, *columns) == []


def test_the_catalog_is_asked_as_often_for_many_tables_as_for_one(
    session: SnowflakeSession, kit: TechnologyKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"users{number}" for number in range(5)]
    for name in names:
        session.create(kit.dataset(name), Mark("shop/dev", name, "1f"))
    with asked(monkeypatch) as sent:
        found = [session.recent(kit.place(name)) for name in names]
    assert [each.mark.dataset for each in found if each and each.mark] == names
    assert len(sent) == 3
    session.drop(kit.place("users0"))
    assert session.recent(kit.place("users0")) is None


def test_keys_are_asked_for_by_schema_where_there_are_more_than_snowflake_shows(
    session: SnowflakeSession, kit: TechnologyKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.create(kit.dataset(columns=(column("id", "int", primaryKey=True),)), MARK)
    monkeypatch.setattr(catalog, "_MOST_SHOWN", 1)
    with pytest.raises(StoreError, match=r"shows the first 1 columns of keys in .*\.\"RAW\" alone"):
        session.recent(kit.place("users"))
    answers = {"KEYS IN DATABASE": [()] * 2}
    monkeypatch.setattr(catalog, "_MOST_SHOWN", 2)
    with asked(monkeypatch, answers) as sent:
        found = session.recent(kit.place("users"))
    assert found is not None
    assert [each.primary_key for each in found.columns] == [True]
    assert [each.partition(" IN ")[2].partition(" ")[0] for each in sent if "KEYS" in each] == ["DATABASE", "SCHEMA"]


def test_data_tests_are_one_select_each_and_nothing_else(session: SnowflakeSession, kit: TechnologyKit) -> None:
    session.make_schema("raw")
    kit.fill(kit.place("users"), [(1, "it's"), (1, "b\\"), (2, "c")])
    values = {"accepted_values": {"values": ["it's", "b\\"]}}
    columns = (column("id", "bigint", tests=["unique"]), column("name", tests=[values]))
    told = [str(each) for each in session.violations(kit.dataset(columns=columns))]
    assert told == ["unique(id): 1 row", "accepted_values(name): 1 row"]
    for sql, fault in (
        ("SELECT 1) AS t; DROP TABLE raw.users; --", "has a `)` without its `(`"),
        ("SELECT '\\'; DROP TABLE raw.users; --'", ""),
        ("SELECT 1 // ; DROP", ""),
        ("CALL drop_all()", "is CALL; expected one SELECT"),
    ):
        dataset = kit.dataset(tests=(Test(sql=sql),))
        if fault:
            with pytest.raises(StoreError, match=fault.replace("(", "\\(").replace(")", "\\)")):
                session.violations(dataset)
        else:
            assert len(session.violations(dataset)) == 1
    assert session.count(kit.place("users")) == 3


# Tags, masking policies and grants, which the emulator has not: what is sent is recorded, and not proven on Snowflake.

GOVERNED = {
    "tags": {"classification": "governance.tags.classification", "pii": "governance.tags.pii"},
    "maskingPolicies": {"pii": "governance.policies.hidden", "hash": "governance.policies.hashed"},
}


def test_recorded_only_a_table_is_made_with_its_tags_and_policies_by_one_statement(kit: TechnologyKit) -> None:
    columns = (
        column("id", "int", primaryKey=True),
        column("email", pii=True, masking="hash", description="Where to write."),
        column("name", pii=True),
    )
    governed = replace(
        kit.dataset(columns=columns, classification="restricted"), connection=with_options(kit.connection, **GOVERNED)
    )
    (_, made) = Snowflake().ddl(governed, None)
    assert made == (
        'CREATE TABLE "RAW"."USERS" ("ID" NUMBER(38,0) NOT NULL,'
        ' "EMAIL" VARCHAR MASKING POLICY "GOVERNANCE"."POLICIES"."HASHED" TAG ("GOVERNANCE"."TAGS"."PII" = \'true\')'
        ' COMMENT \'Where to write.\n\n{"pii": true, "masking": "hash"}\','
        ' "NAME" VARCHAR MASKING POLICY "GOVERNANCE"."POLICIES"."HIDDEN" TAG ("GOVERNANCE"."TAGS"."PII" = \'true\')'
        ' COMMENT \'{"pii": true}\', PRIMARY KEY ("ID"))'
        ' COMMENT = \'All users.\n\n{"classification": "restricted"}\''
        ' TAG ("GOVERNANCE"."TAGS"."CLASSIFICATION" = \'restricted\')'
    )


def test_recorded_only_a_column_is_masked_before_its_comment_says_that_it_is_personal(
    session: SnowflakeSession, kit: TechnologyKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.create(kit.dataset(), MARK)
    columns = (column("id", "bigint"), column("name", pii=True), column("email", pii=True, masking="hash"))
    governed = replace(kit.dataset(columns=columns), connection=with_options(kit.connection, **GOVERNED))
    with Snowflake().open(governed.connection) as opened, asked(monkeypatch) as sent:
        live = opened.describe(governed.place)
        assert live is not None
        changes = plan(live.columns, columns, canonical=Snowflake().canonical, tags=True)
        opened.alter(governed, changes, MARK)
    name = 'ALTER TABLE "RAW"."USERS" MODIFY COLUMN "NAME" SET'
    email = 'ALTER TABLE "RAW"."USERS" MODIFY COLUMN "EMAIL" SET'
    assert [each for each in sent if each.startswith(("ALTER", "COMMENT ON COLUMN"))] == [
        'ALTER TABLE "RAW"."USERS" ADD COLUMN "EMAIL" VARCHAR MASKING POLICY "GOVERNANCE"."POLICIES"."HASHED"'
        ' TAG ("GOVERNANCE"."TAGS"."PII" = \'true\')',
        f'{name} MASKING POLICY "GOVERNANCE"."POLICIES"."HIDDEN" FORCE',
        f'{name} TAG "GOVERNANCE"."TAGS"."PII" = \'true\'',
        f'{email} MASKING POLICY "GOVERNANCE"."POLICIES"."HASHED" FORCE',
        f'{email} TAG "GOVERNANCE"."TAGS"."PII" = \'true\'',
        'COMMENT ON COLUMN "RAW"."USERS"."NAME" IS \'{"pii": true}\'',
        'COMMENT ON COLUMN "RAW"."USERS"."EMAIL" IS \'{"pii": true, "masking": "hash"}\'',
    ]


def test_recorded_only_a_column_of_a_view_is_described_by_altering_the_view(kit: TechnologyKit) -> None:
    columns = (column("id", "bigint"), column("name", description="It's theirs."))
    changes = plan(kit.dataset().columns, columns, canonical=Snowflake().canonical)
    done = statements.alter(kit.connection.options, kit.dataset(columns=columns), changes, kind="VIEW")
    assert done == ['ALTER VIEW "RAW"."USERS" ALTER COLUMN "NAME" COMMENT \'It\'\'s theirs.\'']


def test_recorded_only_roles_get_what_the_connection_says_and_drift_is_seen(
    kit: TechnologyKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = {"reader": "read", "writer": "write", "nobody": "none"}
    granting = with_options(kit.connection, grants=wanted)
    dataset = replace(kit.dataset(), connection=granting)
    held = [
        ("RAW", "USERS", "READER", "SELECT"),
        ("RAW", "USERS", "NOBODY", "SELECT"),
        ("RAW", "USERS", "NOBODY", "OWNERSHIP"),
    ]
    with asked(monkeypatch, {"table_privileges": held}) as sent, Snowflake().open(granting, create=True) as opened:
        opened.create(dataset, MARK)
        database = str(granting.options["database"])
        assert [each for each in sent if each.startswith("GRANT") and "WRITER" in each] == [
            f'GRANT USAGE ON DATABASE "{database}" TO ROLE "WRITER"',
            f'GRANT USAGE ON SCHEMA "{database}"."RAW" TO ROLE "WRITER"',
            'GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE "RAW"."USERS" TO ROLE "WRITER"',
        ]
        live = opened.describe(dataset.place)
        assert live is not None
        assert live.grants == {"reader": "read", "writer": "none", "nobody": "read"}
        sent.clear()
        opened.alter(dataset, (), MARK)
    assert [each for each in sent if each.startswith(("GRANT", "REVOKE"))] == [
        f'GRANT USAGE ON DATABASE "{database}" TO ROLE "WRITER"',
        f'GRANT USAGE ON SCHEMA "{database}"."RAW" TO ROLE "WRITER"',
        'GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE "RAW"."USERS" TO ROLE "WRITER"',
        'REVOKE SELECT ON TABLE "RAW"."USERS" FROM ROLE "NOBODY"',
    ]


def test_recorded_only_an_interrupt_cancels_what_the_session_has_under_way(
    session: SnowflakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(SnowflakeCursor, "execute", lambda _self, sql, *_args, **_named: sent.append(sql))
    session.interrupt()
    assert sent == ["SELECT SYSTEM$CANCEL_ALL_QUERIES(1)"]


# Who is let in.


def signed_in(kit: TechnologyKit, **secrets: str) -> Connection:
    """The same Store with other secrets."""
    return Connection("snowflake", kit.connection.options, {name: Secret(text) for name, text in secrets.items()})


def test_a_password_a_private_key_and_a_token_sign_in(session: SnowflakeSession, kit: TechnologyKit) -> None:
    facts = shared(Emulator)
    key = load_pem_private_key(facts["private_key"].encode(), None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"open sesame")).decode()
    for secrets, options in (
        ({"privateKey": facts["private_key"]}, {}),
        ({"privateKey": locked, "privateKeyPassphrase": "open sesame"}, {}),
        ({"token": facts["token"]}, {}),
        ({"token": facts["token"]}, {"authenticator": "PROGRAMMATIC_ACCESS_TOKEN"}),
    ):
        connection = with_options(signed_in(kit, **secrets), **options)
        assert Snowflake().check(connection) == []
        with Snowflake().open(connection) as opened:
            assert opened.places("") == []
        with stores_connection(connection) as job, job.cursor() as cursor:
            cursor.execute("SELECT CURRENT_DATABASE()")
            assert cursor.fetchall() == [(kit.connection.options["database"],)]


@contextmanager
def stores_connection(connection: Connection) -> Iterator[snowflake.connector.SnowflakeConnection]:
    """What `stores.get` gives in a job that has the address."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DK_STORE_TYPE_W", "snowflake")
        patched.setenv("DK_STORE_DSN_W", Snowflake().dsn(connection))
        with stores.get("w") as found:
            yield found


def test_a_job_gets_a_password_of_any_signs(kit: TechnologyKit) -> None:
    options = {"account": "acme.us-east-1", "database": "a b/c", "user": "me@x", "schema": "s", "warehouse": "w h"}
    secrets = {"password": "a/b:c@d?e#f%g h"}
    dsn = Snowflake().dsn(Connection("snowflake", options, {name: Secret(text) for name, text in secrets.items()}))
    assert dsn == "snowflake://me%40x:a%2Fb%3Ac%40d%3Fe%23f%25g%20h@acme.us-east-1/a%20b%2Fc/s?warehouse=w%20h"
    assert read(dsn) == {**options, **secrets}


def test_who_is_not_let_in_is_told_why_without_a_secret(kit: TechnologyKit) -> None:
    stranger = rsa.generate_private_key(65537, 2048).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"hunter2-phrase")
    )
    plain = load_pem_private_key(stranger, b"hunter2-phrase").private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    for secrets, told in (
        ({"password": "hunter2-planted"}, "ncorrect username or password was specified; correct `user` and the secret"),
        ({"token": "hunter2-planted"}, "Invalid OAuth access token; get another token"),
        ({"privateKey": plain.decode()}, "JWT token is invalid.*; give the user the public key"),
        ({"privateKey": stranger.decode()}, "is encrypted and no `privateKeyPassphrase` is given"),
        ({"privateKey": stranger.decode(), "privateKeyPassphrase": "hunter2-wrong"}, "its passphrase is wrong"),
        ({"privateKey": "hunter2-planted"}, "not a private key in PEM"),
    ):
        with pytest.raises(StoreError, match=told) as fault, Snowflake().open(signed_in(kit, **secrets)):
            pass
        assert "hunter2" not in str(fault.value)
        assert "emulator" in str(fault.value)


def test_a_server_that_is_down_is_told(kit: TechnologyKit) -> None:
    closed = with_options(kit.connection, port=free_port(), connectTimeout=1)
    told = r"Snowflake account emulator cannot be opened: .*; is the network up, and do `account` and `host`"
    with pytest.raises(StoreError, match=told), Snowflake().open(closed):
        pass


def test_a_server_that_is_killed_is_told_and_a_slow_statement_is_waited_for(tmp_path: Path, kit: TechnologyKit) -> None:
    server = Emulator(tmp_path / "server")
    server.start()
    try:
        options = {"port": server.port, "connectTimeout": 1}
        there = with_options(signed_in(kit, password=server.password), **options)
        with pytest.raises(StoreError, match=r"the connection to Snowflake was cut: .*; run again"):
            _use(there, server, kit)
    finally:
        server.remove()


def _use(there: Connection, server: Emulator, kit: TechnologyKit) -> None:
    """Ask for what takes longer than the server may take to answer, and go on when it has ended."""
    with Snowflake().open(there, create=True) as opened:
        slow = "SELECT COUNT(DISTINCT HASH(SEQ4(), 1)) FROM TABLE(GENERATOR(ROWCOUNT => 20000000))"
        assert opened.rows(slow) == [(20_000_000,)]
        server.kill()
        opened.create(kit.dataset(), MARK)


@pytest.mark.parametrize(
    ("options", "secrets", "path"),
    [
        ({"user": "me"}, ["password", "token"], ("secrets", "token")),
        ({"user": "me"}, ["privateKeyPassphrase"], ("secrets", "privateKey")),
        ({}, ["password"], ("user",)),
        ({"maskingPolicies": {"hidden": "x"}}, ["token"], ("maskingPolicies", "hidden", "[key]")),
    ],
)
def test_each_fault_of_a_sign_in_is_told_at_its_field(
    options: dict[str, object], secrets: list[str], path: tuple[str, ...]
) -> None:
    said = {"account": "a", "database": "d", **options}
    faults = Snowflake().check(Connection("snowflake", said, {name: Secret("x") for name in secrets}))
    assert [each.path for each in faults] == [path]


def test_what_is_imported_is_signed_in_to_by_the_variables_of_snowflake_s_command_line(
    kit: TechnologyKit, session: SnowflakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = Snowflake().at(Snowflake().location(kit.connection))
    with pytest.raises(StoreError, match="set SNOWFLAKE_USER"), Snowflake().open(there):
        pass
    facts = shared(Emulator)
    for name in ("user", "password", "host", "port"):
        monkeypatch.setenv(f"SNOWFLAKE_{name.upper()}", facts[name])
    monkeypatch.setenv("SNOWFLAKE_PROTOCOL", "http")
    with Snowflake().open(there) as opened:
        assert opened.describe(kit.place("users")) is None
