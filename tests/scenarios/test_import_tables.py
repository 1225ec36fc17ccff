"""`dk import STORE`: tables that others made become DataSets, and the next preview is empty."""

from __future__ import annotations

import json
from uuid import uuid4

import psycopg
import pytest
import yaml

from tests.scenarios.workspace import Outcome, Workspace
from tests.servers.postgres import Postgres
from tests.servers.sharing import shared

TABLES = """\
CREATE SCHEMA raw;
CREATE TABLE raw.people (id INTEGER NOT NULL, email VARCHAR, first_name VARCHAR, amount DECIMAL(10, 2), tags VARCHAR[]);
COMMENT ON TABLE raw.people IS 'Everybody.';
COMMENT ON COLUMN raw.people.email IS 'Where to write to.';
INSERT INTO raw.people VALUES (1, 'ann@x.io', 'Ann', 1.5, ['a']);
CREATE TABLE raw.orders (id INTEGER PRIMARY KEY, placed TIMESTAMP);
CREATE VIEW main.people AS SELECT id FROM raw.people;
"""


@pytest.fixture
def found(workspace: Workspace) -> Workspace:
    """The project of one DataSet, applied; its warehouse has three more tables that others made."""
    workspace.up("--skip-preview").ok()
    workspace.execute(TABLES)
    return workspace


def test_tables_become_datasets_and_the_next_preview_is_empty(found: Workspace) -> None:
    done = _dk(found, "import", "warehouse", "--yes").ok()
    assert "personal data guessed: email, first_name" in done.text

    names = {file.stem for file in found.project.glob("*.yaml")}
    assert names == {"platform", "users", "people", "raw-people", "orders"}
    raw = found.project / "raw-people.yaml"
    assert raw.read_text().count("pii: true  # guessed") == 2
    spec = yaml.safe_load(raw.read_text())["spec"]
    assert spec["description"] == "Everybody."
    assert [(each["name"], each["type"], each.get("nullable", True)) for each in spec["schema"]] == [
        ("id", "integer", False), ("email", "string", True), ("first_name", "string", True),
        ("amount", "decimal(10,2)", True), ("tags", "array<string>", True),
    ]  # fmt: skip
    orders = yaml.safe_load((found.project / "orders.yaml").read_text())["spec"]["schema"]
    assert orders == [{"name": "id", "type": "integer", "primaryKey": True}, {"name": "placed", "type": "timestamp"}]
    assert found.preview().ok().operations == {}
    assert found.rows("SELECT id, email FROM raw.people") == [(1, "ann@x.io")]
    _dk(found, "validate").ok()

    again = _dk(found, "import", "warehouse", "--yes").ok()
    assert "every table has its DataSet" in again.text


def test_only_the_tables_that_are_asked_for_and_nothing_applied(found: Workspace) -> None:
    told = json.loads(_dk(found, "import", "warehouse", "--tables", "ord*", "--no-apply", "--output", "json").ok().text)
    assert [each["place"] for each in told["manifests"]] == ["raw.orders"]
    assert "raw.orders is there already and was not made by datakit" in found.preview().failed().text
    _dk(found, "import", "warehouse", "--tables", "raw.orders", "--yes").ok()
    assert found.preview().ok().operations == {}


def test_a_manifest_that_differs_is_shown_and_changed_only_by_force(found: Workspace) -> None:
    _dk(found, "import", "warehouse", "--tables", "raw.orders", "--no-apply").ok()
    found.execute("ALTER TABLE raw.orders ADD COLUMN phone VARCHAR")

    shown = _dk(found, "import", "warehouse", "--tables", "raw.orders", "--no-apply").ok()
    assert "- name: phone" in shown.text
    assert "--force takes what its table says" in shown.text
    refused = _dk(found, "import", "warehouse", "--tables", "raw.orders", "--yes").failed()
    assert "nothing was applied" in refused.text
    manifest = found.project / "orders.yaml"
    assert "phone" not in manifest.read_text()
    manifest.write_text("# Ours.\n" + manifest.read_text().replace("type: integer", "type: integer  # not text"))
    _dk(found, "import", "warehouse", "--tables", "raw.orders", "--force", "--yes").ok()
    assert "- name: phone" in manifest.read_text()
    assert manifest.read_text().startswith("# Ours.")
    assert "# not text" in (found.project / "orders.yaml.orig").read_text()
    assert found.preview().ok().operations == {}


def test_tables_of_a_server_are_imported_with_their_keys(workspace: Workspace) -> None:
    facts, name = shared(Postgres), f"shop_{uuid4().hex[:8]}"
    with psycopg.connect(dbname="postgres", autocommit=True, **facts) as server:  # type: ignore[arg-type]
        server.execute(f"CREATE DATABASE {name}")
    with psycopg.connect(dbname=name, autocommit=True, **facts) as database:  # type: ignore[arg-type]
        database.execute(
            "CREATE SCHEMA raw; CREATE TABLE raw.people (id bigint PRIMARY KEY, email text NOT NULL, at timestamptz);"
            "COMMENT ON TABLE raw.people IS 'Everybody.'; INSERT INTO raw.people VALUES (1, 'ann@x.io', now())"
        )
    reached = f"type: postgres, host: {facts['host']}, port: {facts['port']}, database: {name}, user: {facts['user']}"
    binding = f"{{{reached}, secrets: {{password: '${{PASSWORD}}'}}}}"
    workspace.replace(
        "project/platform.yaml", "  deletion: retain", f"  deletion: retain\n  bindings: {{warehouse: {binding}}}"
    )
    workspace.env["PASSWORD"] = facts["password"]

    _dk(workspace, "import", "warehouse", "--yes").ok()
    spec = yaml.safe_load((workspace.project / "people.yaml").read_text())["spec"]
    assert [(each["name"], each["type"], each.get("primaryKey", False)) for each in spec["schema"]] == [
        ("id", "bigint", True), ("email", "string", False), ("at", "timestamptz", False),
    ]  # fmt: skip
    assert workspace.preview().ok().operations == {}
    with psycopg.connect(dbname=name, **facts) as database:  # type: ignore[arg-type]
        assert database.execute("SELECT count(*) FROM raw.people").fetchall() == [(1,)]
    assert "every table has its DataSet" in _dk(workspace, "import", "warehouse", "--yes").ok().text


def test_what_cannot_be_imported_is_told(found: Workspace) -> None:
    assert "unknown Store 'warehose' fix: did you mean 'warehouse'?" in _flat(_dk(found, "import", "warehose"))


def _flat(outcome: Outcome) -> str:
    return " ".join(outcome.failed().text.split())


def _dk(workspace: Workspace, *arguments: str) -> Outcome:
    return workspace.dk(*arguments, "project")
