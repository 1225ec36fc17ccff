"""What happens to a table, and to its rows, as its contract changes."""

from __future__ import annotations

from tests.scenarios.workspace import Workspace

COLUMNS = "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = 'users' ORDER BY column_index"


def test_a_consent_lets_the_column_go(filled: Workspace) -> None:
    filled.replace(
        "project/users.yaml", "    - {name: email, type: string, pii: true, description: Where to write to.}\n", ""
    )
    filled.replace(
        "project/users.yaml",
        "  schema:",
        "  consents: [{object: column/email, reason: nobody writes, expires: 2999-01-01}]\n  schema:",
    )
    plan = filled.preview().ok()
    assert 'destructive: ALTER TABLE "public"."users" DROP COLUMN "email"' in plan.text
    filled.up("--skip-preview").ok()
    assert filled.rows(COLUMNS) == [("id", "INTEGER")]
    assert filled.rows("SELECT count(*) FROM public.users") == [(2,)]


def test_a_rename_by_previous_names_keeps_the_rows(filled: Workspace) -> None:
    filled.replace("project/users.yaml", "{name: email,", "{name: mail, previousNames: [email],")
    plan = filled.preview().ok()
    assert 'rewriting: ALTER TABLE "public"."users" RENAME COLUMN "email" TO "mail"' in plan.text
    filled.up("--skip-preview").ok()
    assert filled.rows("SELECT mail FROM public.users ORDER BY id") == [("ann@x.io",), ("bob@x.io",)]
    assert filled.up().ok().operations == {}


def test_a_wider_type_is_altered_in_place(filled: Workspace) -> None:
    filled.replace("project/users.yaml", "type: integer", "type: bigint")
    assert 'rewriting: ALTER TABLE "public"."users" ALTER COLUMN "id" TYPE BIGINT' in filled.up().ok().text
    assert filled.rows("SELECT id FROM public.users ORDER BY id") == [(1,), (2,)]


def test_another_spelling_of_a_type_is_no_change(filled: Workspace) -> None:
    filled.replace("project/users.yaml", "type: integer", "type: int4")
    assert filled.up().ok().operations == {}


def test_a_table_dropped_by_hand_is_seen_and_made_again(filled: Workspace) -> None:
    filled.execute("DROP TABLE public.users")
    assert filled.refresh().ok().operations == {"DataSet users": "delete"}
    assert filled.up().ok().operations == {"DataSet users": "create"}
    assert filled.rows("SELECT count(*) FROM public.users") == [(0,)]


def test_drift_is_seen_and_repaired(filled: Workspace) -> None:
    filled.execute("ALTER TABLE public.users DROP COLUMN email")
    filled.refresh().ok()
    plan = filled.preview().ok()
    assert 'additive: ALTER TABLE "public"."users" ADD COLUMN "email" VARCHAR' in plan.text
    filled.up("--skip-preview").ok()
    assert filled.rows(COLUMNS) == [("id", "INTEGER"), ("email", "VARCHAR")]


def test_a_preview_after_a_refresh_is_empty(filled: Workspace) -> None:
    assert filled.refresh().ok().operations == {}
    assert filled.preview().ok().operations == {}


def test_destroy_puts_rows_into_the_trash_where_the_environment_deletes(filled: Workspace) -> None:
    filled.replace("project/platform.yaml", "deletion: retain", "deletion: delete")
    filled.up("--skip-preview").ok()
    filled.destroy().ok()
    ((name,),) = filled.rows("SELECT table_name FROM duckdb_tables()")
    assert name.startswith("users__trash_")
    assert filled.rows(f'SELECT count(*) FROM public."{name}"') == [(2,)]
