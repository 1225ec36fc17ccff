"""What a user sees of a table, and of its rows, as its contract changes; `tests/stories` has the rest."""

from __future__ import annotations

import re
import shlex

from tests.scenarios.workspace import Workspace


def test_up_after_up_changes_nothing_and_says_so(workspace: Workspace) -> None:
    assert workspace.up().ok().operations == {
        "Connector duckdb": "create",
        "Store warehouse": "create",
        "DataSet users": "create",
    }
    again = workspace.up().ok()
    assert again.operations == {}
    assert "5 unchanged" in again.text


def test_preview_shows_the_ddl_and_touches_nothing(workspace: Workspace) -> None:
    plan = workspace.preview().ok()
    assert 'additive: CREATE SCHEMA IF NOT EXISTS "public"; CREATE TABLE "public"."users"' in plan.text
    assert not (workspace.project / "warehouse.duckdb").exists()


def test_a_new_nullable_column_is_added_in_place(filled: Workspace) -> None:
    filled.replace("project/users.yaml", "{name: email,", "{name: age, type: smallint}\n    - {name: email,")
    plan = filled.preview().ok()
    assert plan.operations == {"DataSet users": "update"}
    assert 'additive: ALTER TABLE "public"."users" ADD COLUMN "age" SMALLINT' in plan.text
    filled.up("--skip-preview").ok()
    assert filled.rows("SELECT id, email, age FROM public.users ORDER BY id") == [
        (1, "ann@x.io", None),
        (2, "bob@x.io", None),
    ]
    assert filled.up().ok().operations == {}


def test_a_dropped_column_is_refused_with_the_way_out(filled: Workspace) -> None:
    filled.replace(
        "project/users.yaml", "    - {name: email, type: string, pii: true, description: Where to write to.}\n", ""
    )
    refused = filled.up().failed()
    assert "users: column email is dropped: destructive, refused. Downstream: none" in refused.text
    assert "project/users.yaml:1:1" in refused.text
    assert "consents: [{object: column/email" in refused.text
    assert filled.rows("SELECT email FROM public.users ORDER BY id") == [("ann@x.io",), ("bob@x.io",)]


def test_destroy_keeps_the_data_and_the_next_up_adopts_it(filled: Workspace) -> None:
    filled.destroy().ok()
    assert filled.rows("SELECT count(*) FROM public.users") == [(2,)]
    filled.up("--skip-preview").ok()
    assert filled.rows("SELECT count(*) FROM public.users") == [(2,)]


def test_a_table_that_is_not_ours_is_refused_and_taken_over_as_the_message_says(workspace: Workspace) -> None:
    workspace.replace("project/users.yaml", "type: integer, primaryKey: true", "type: integer")
    workspace.execute("CREATE SCHEMA public")
    workspace.execute("CREATE TABLE public.users (id INTEGER, email VARCHAR)")
    workspace.execute("INSERT INTO public.users VALUES (7, 'eve@x.io')")
    planned = workspace.preview().failed()
    assert "public.users is there already and was not made by datakit; it was not touched" in planned.text
    refused = workspace.up("--skip-preview").failed()
    command = re.search(r"To take it over: pulumi (import .+?); or name another place", refused.text)
    assert command, refused.text
    workspace.run(*shlex.split(command.group(1)), "--yes").ok()
    assert workspace.up().ok().operations == {"DataSet users": "update"}
    assert workspace.rows("FROM public.users") == [(7, "eve@x.io")]
    assert workspace.up().ok().operations == {}
