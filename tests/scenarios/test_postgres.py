"""The Store of a project bound to a database of a Postgres server."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.workspace import BIN, Workspace
from tests.technologies.kits import postgres, postgres_kit

PLATFORM = """\
apiVersion: datakit.infoblox.dev/v1alpha1
kind: Connector
metadata: {name: postgres}
spec: {type: postgres, version: "1.0.0", capabilities: [source, destination]}
---
apiVersion: datakit.infoblox.dev/v1alpha1
kind: Store
metadata: {name: warehouse}
spec: {connector: postgres, secrets: {password: "${WAREHOUSE_PASSWORD}"}}
---
apiVersion: datakit.infoblox.dev/v1alpha1
kind: Environment
metadata: {name: dev}
spec: {deletion: delete}
bindings:
  warehouse: {type: postgres, host: %(host)s, port: %(port)s, database: %(database)s, user: %(user)s, create: true}
"""
ARCHIVE = """\
apiVersion: datakit.infoblox.dev/v1alpha1
kind: Store
metadata: {name: archive}
spec: {connector: postgres, secrets: {password: "${WAREHOUSE_PASSWORD}"}}
---
"""
USERS = """\
apiVersion: datakit.infoblox.dev/v1alpha1
kind: DataSet
metadata: {name: %(name)s, description: All users.}
spec:
  store: warehouse
  table: crm.%(name)s
  classification: confidential
  schema:
    - {name: id, type: bigint, primaryKey: true, pii: false}
    - {name: email, type: text, pii: true, description: Where to write.}
"""


class Server:
    """The database that the project is bound to."""

    def __init__(self, workspace: Workspace) -> None:
        connection = postgres_kit(Path()).connection
        self.database, self.password = str(connection.options["database"]), connection.secrets["password"].reveal()
        workspace.write("project/platform.yaml", PLATFORM % connection.options)
        workspace.write("project/users.yaml", USERS % {"name": "users"})
        workspace.env["WAREHOUSE_PASSWORD"] = self.password

    def run(self, sql: str) -> list[tuple[object, ...]]:
        with postgres(self.database) as database:
            done = database.execute(sql)
            return done.fetchall() if done.description else []


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


@pytest.fixture
def server(workspace: Workspace) -> Server:
    return Server(workspace)


def written(folder: Path) -> Iterator[Path]:
    for directory, _, names in os.walk(folder):
        yield from (Path(directory) / name for name in names)


def test_a_project_is_applied_to_a_server_and_drift_is_repaired(workspace: Workspace, server: Server) -> None:
    validated = [str(BIN / "dk"), "validate", "project", "--env", "dev"]
    done = subprocess.run(validated, cwd=workspace.root, env=workspace.env, capture_output=True, text=True, check=False)
    assert (done.returncode, "error" in done.stdout.lower()) == (0, False), done.stdout + done.stderr
    first = workspace.up().ok()
    assert first.operations["DataSet users"] == "create"
    assert server.run("SELECT count(*) FROM crm.users") == [(0,)]
    assert workspace.up().ok().operations == {}

    server.run("INSERT INTO crm.users VALUES (1, 'ann@x.io')")
    server.run("ALTER TABLE crm.users DROP CONSTRAINT users_pkey; COMMENT ON COLUMN crm.users.email IS NULL")
    server.run("ALTER TABLE crm.users ALTER COLUMN id TYPE integer")
    workspace.refresh().ok()
    assert workspace.up().ok().operations == {"DataSet users": "update"}
    key = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'crm.users'::regclass AND contype = 'p'"
    assert server.run(key) == [("PRIMARY KEY (id)",)]
    assert server.run("SELECT id, email, pg_typeof(id)::text FROM crm.users") == [(1, "ann@x.io", "bigint")]
    (comment,) = server.run("SELECT col_description('crm.users'::regclass, 2)")
    assert comment == ('Where to write.\n\n{"pii": true}',)
    assert workspace.preview("--refresh").ok().operations == {}

    (workspace.project / "users.yaml").unlink()
    assert workspace.up().ok().operations["DataSet users"] == "delete"
    ((trash,),) = server.run("SELECT tablename FROM pg_tables WHERE schemaname = 'crm'")
    assert server.run(f'SELECT email FROM crm."{trash}"') == [("ann@x.io",)]
    for file in written(workspace.root):
        assert server.password.encode() not in file.read_bytes(), file
    assert server.password not in first.text


def test_a_secret_is_recorded_once_and_reaches_what_is_refreshed_moved_and_deleted_by_its_state(
    workspace: Workspace, server: Server
) -> None:
    role = f"loader_{server.database}"
    with postgres("postgres") as database:
        database.execute(f"CREATE ROLE {role} SUPERUSER LOGIN PASSWORD 'of-the-first-day'")
    workspace.replace("project/platform.yaml", "user: test", f"user: {role}")
    kept = (workspace.project / "platform.yaml").read_text()
    bound = kept.splitlines()[-1].replace("warehouse:", "archive:")
    bound = bound.replace(f"database: {server.database}", f"database: {server.database}_old")
    workspace.write("project/platform.yaml", f"{kept}{bound}\n")
    workspace.write(
        "project/archive.yaml", ARCHIVE + USERS.replace("store: warehouse", "store: archive") % {"name": "old"}
    )
    workspace.env["WAREHOUSE_PASSWORD"] = "of-the-first-day"
    workspace.up("--skip-preview").ok()
    with postgres(f"{server.database}_old") as archive:
        archive.execute("INSERT INTO crm.old VALUES (1, 'ann@x.io')")

    server.run(f"ALTER ROLE {role} PASSWORD 'rotated-since'")
    workspace.env["WAREHOUSE_PASSWORD"] = "mistyped"
    for _ in range(2):
        assert "password authentication failed" in workspace.up("--skip-preview").failed().text
    workspace.env["WAREHOUSE_PASSWORD"] = "rotated-since"
    assert workspace.up("--skip-preview").ok().operations == dict.fromkeys(
        ["Store archive", "Store warehouse"], "update"
    )
    exported = workspace.run("stack", "export", "--stack", "dev", "--show-secrets").ok().text
    counted = [exported.count(each) for each in ("of-the-first-day", "rotated-since")]
    assert counted == [0, 4], "once for each Store, as input of the provider and, by the engine, as its output"
    del workspace.env["WAREHOUSE_PASSWORD"]
    assert workspace.refresh().ok().operations == {}

    workspace.env["WAREHOUSE_PASSWORD"] = "rotated-since"
    (workspace.project / "archive.yaml").unlink()
    workspace.write("project/platform.yaml", kept.replace("database: ", "database: new_"))
    done = workspace.up("--skip-preview").ok().operations
    gone, moved = {"DataSet old", "Store archive"}, {"DataSet users", "Store warehouse"}
    assert {name for name, operation in done.items() if operation == "delete"} == gone
    assert {*done} - gone == moved
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'crm'"
    with postgres(f"{server.database}_old") as left, postgres(f"new_{server.database}") as bound_now:
        ((trash,),) = left.execute(tables).fetchall()
        assert bound_now.execute(tables).fetchall() == [("users",)]
    assert (trash != "old", server.run(tables)) == (True, []), "by the former provider"

    del workspace.env["WAREHOUSE_PASSWORD"]
    workspace.write("__main__.py", "raise SystemExit('no program is run')")
    workspace.destroy().ok()
    with postgres(f"new_{server.database}") as left:
        assert left.execute(tables).fetchall() == []


def test_a_wrong_password_is_one_sentence_and_the_next_up_goes_on(workspace: Workspace, server: Server) -> None:
    workspace.env["WAREHOUSE_PASSWORD"] = "hunter2-and-more"
    refused = workspace.up("--skip-preview").failed().text
    assert "password authentication failed for user" in refused
    assert "hunter2-and-more" not in refused
    workspace.env["WAREHOUSE_PASSWORD"] = server.password
    workspace.up("--skip-preview").ok()
    assert workspace.preview().ok().operations == {}
