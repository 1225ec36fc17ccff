"""Bindings whose values come from Pulumi: its configuration, another stack, resources of the same program."""

from __future__ import annotations

import json
import sys
from textwrap import indent

import psycopg
import yaml

from tests.scenarios.workspace import Workspace
from tests.servers.postgres import Postgres
from tests.servers.sharing import shared

PROVIDER = """\
#!{python}
'A provider of one resource, of which all is unknown in a preview.'
import os, pathlib, secrets, sys
import psycopg
from pulumi.provider.experimental import provider as api, server
from pulumi.provider.experimental.property_value import PropertyValue

class Made(api.Provider):
    async def check_config(self, request): return api.CheckResponse(request.new_inputs, [])
    async def diff_config(self, request): return api.DiffResponse(changes=False)
    async def configure(self, request): return api.ConfigureResponse()
    async def check(self, request): return api.CheckResponse(request.new_inputs, [])
    async def diff(self, request): return api.DiffResponse(changes=False)
    async def delete(self, request): return None
    async def create(self, request):
{create}

server.main(sys.argv[1:], "1.0.0", Made())
"""

FOLDERS = """\
path = pathlib.Path("made")
path.mkdir()
return api.CreateResponse("made", {"path": PropertyValue(str(path / "warehouse.duckdb"))})
"""
"""A folder, whose path is known once it was made."""

PROGRAM = """\
import pulumi
from datakit_iac import Platform

class Folder(pulumi.CustomResource):
    path: pulumi.Output[str]

    def __init__(self, name):
        super().__init__("folders:index:Folder", name, {"path": None}, pulumi.ResourceOptions(version="1.0.0"))

Platform("platform", project="project", bindings={"warehouse": {"path": Folder("made").path}})
"""


DATABASES = """\
name, password = f"shop_{secrets.token_hex(4)}", secrets.token_hex(8)
with psycopg.connect(os.environ["ADMIN_DSN"], autocommit=True) as database:
    database.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'")
    database.execute(f"CREATE DATABASE {name} OWNER {name}")
    made = {"name": name, "host": "127.0.0.1", "port": float(database.info.port)}
made = {key: PropertyValue(value) for key, value in made.items()}
return api.CreateResponse(name, {**made, "password": PropertyValue(password, is_secret=True)})
"""
"""A role with a password, and a database that it owns."""

SERVED = """\
import pulumi
from datakit_iac import Platform

class Database(pulumi.CustomResource):
    name: pulumi.Output[str]
    host: pulumi.Output[str]
    port: pulumi.Output[int]
    password: pulumi.Output[str]

    def __init__(self, name):
        known = dict.fromkeys(("name", "host", "port", "password"))
        super().__init__("databases:index:Database", name, known, pulumi.ResourceOptions(version="1.0.0"))

db = Database("db")
reached = {"host": db.host, "port": db.port, "database": db.name, "user": db.name, "password": db.password}
Platform("platform", project="project", bindings={"warehouse": {"type": "postgres", **reached}})
pulumi.export("database", db.name)
"""


def test_a_path_comes_from_the_configuration(workspace: Workspace) -> None:
    _bind(workspace, {"path": "${config:place}"})

    missing = workspace.preview().failed()
    assert "shop:place is not set in stack dev; set it: pulumi config set shop:place" in missing.text

    workspace.run("config", "set", "place", "here.duckdb").ok()
    workspace.up("--skip-preview").ok()
    assert workspace.rows("SELECT count(*) FROM public.users", "here.duckdb") == [(0,)]
    assert workspace.up("--skip-preview").ok().operations == {}


def test_a_path_comes_from_another_stack(workspace: Workspace) -> None:
    _other_stack(workspace, {"warehouse": {"file": str(workspace.root / "there.duckdb")}})
    _bind(workspace, {"path": "${stack:organization/shop/infra#warehouse.file}"})

    workspace.up().ok()
    assert workspace.rows("SELECT count(*) FROM public.users", "there.duckdb") == [(0,)]
    assert workspace.up("--skip-preview").ok().operations == {}


def test_an_output_that_the_other_stack_lacks_is_named(workspace: Workspace) -> None:
    _other_stack(workspace, {"warehouse": {"file": "x"}})
    _bind(workspace, {"path": "${stack:organization/shop/infra#warehouse.path}"})

    failed = workspace.preview().failed()
    assert "${stack:organization/shop/infra#warehouse.path}, and that output has no 'path'" in failed.text


def test_a_path_comes_from_a_resource_of_the_same_program(workspace: Workspace) -> None:
    _provide(workspace)
    workspace.write("__main__.py", PROGRAM)

    planned = workspace.preview().ok()
    assert {"Folder made": "create", "Store warehouse": "create", "DataSet users": "create"}.items() <= (
        planned.operations.items()
    )
    assert not (workspace.root / "made").exists()
    workspace.up("--skip-preview").ok()
    assert workspace.rows("SELECT count(*) FROM public.users", "made/warehouse.duckdb") == [(0,)]
    assert workspace.up("--skip-preview").ok().operations == {}


def test_a_role_and_a_database_of_the_same_program_are_bound_in_the_same_update(workspace: Workspace) -> None:
    facts = shared(Postgres)
    login = f"{facts['user']}:{facts['password']}@{facts['host']}:{facts['port']}"
    workspace.env["ADMIN_DSN"] = f"postgresql://{login}/postgres"
    _provide(workspace, "databases", DATABASES)
    workspace.write("__main__.py", SERVED)

    planned = workspace.preview().ok()
    assert {"Database db": "create", "Store warehouse": "create", "DataSet users": "create"}.items() <= (
        planned.operations.items()
    )
    workspace.up("--skip-preview").ok()
    name = workspace.run("stack", "output", "database", "--stack", "dev").ok().text.strip()
    with psycopg.connect(dbname=name, **facts) as database:  # type: ignore[arg-type]
        found = database.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'users'").fetchall()
    assert found == [(name,)]
    assert workspace.up("--skip-preview").ok().operations == {}
    told = json.loads(workspace.run("stack", "export", "--show-secrets", "--stack", "dev").ok().text)
    made = next(each for each in told["deployment"]["resources"] if each["type"] == "databases:index:Database")
    password = json.loads(made["outputs"]["password"]["plaintext"]).encode()
    assert not [file for file in workspace.root.rglob("*") if file.is_file() and password in file.read_bytes()]


def test_what_is_wrong_with_bindings_of_a_program_is_told_at_once(workspace: Workspace) -> None:
    given = '{"warehouse": {"path": 3, "pth": Folder("made").path}, "warehuose": {}, "users": {"create": "maybe"}}'
    program = PROGRAM.replace('{"warehouse": {"path": Folder("made").path}}', given)
    _provide(workspace)
    workspace.write("__main__.py", program)

    failed = workspace.preview().failed()
    for said in (
        "unknown Store or DataSet 'warehuose'",
        "duckdb has no option 'pth'",
        "path is 3; expected text",
        "the program binds users, and its create is not right: expected true or false",
    ):
        assert said in failed.text


def _provide(workspace: Workspace, name: str = "folders", create: str = FOLDERS) -> None:
    program = PROVIDER.format(python=sys.executable, create=indent(create, " " * 8))
    plugin = workspace.write(f"plugin/pulumi-resource-{name}", program)
    plugin.chmod(0o755)
    declared = yaml.safe_load((workspace.root / "Pulumi.yaml").read_text())
    declared["plugins"]["providers"].append({"name": name, "path": "plugin"})
    workspace.write("Pulumi.yaml", yaml.safe_dump(declared))


def _bind(workspace: Workspace, binding: dict[str, str]) -> None:
    workspace.replace(
        "project/platform.yaml", "  deletion: retain", f"  deletion: retain\n  bindings: {{warehouse: {binding}}}"
    )


def _other_stack(workspace: Workspace, outputs: dict[str, object]) -> None:
    program = (workspace.root / "__main__.py").read_text()
    exported = "\n".join(f"pulumi.export({name!r}, {value!r})" for name, value in outputs.items())
    workspace.write("__main__.py", f"import pulumi\n{exported}\n")
    workspace.run("stack", "init", "infra").ok()
    workspace.run("up", "--yes", "--skip-preview", "--stack", "infra").ok()
    workspace.run("stack", "select", "dev").ok()
    workspace.write("__main__.py", program)
