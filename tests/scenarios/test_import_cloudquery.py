"""`dk import cloudquery FILE`: a specification becomes a project that loads the same rows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.scenarios.workspace import Workspace

ENVIRONMENT = """\
apiVersion: datakit.infoblox.dev/v1alpha1
kind: Environment
metadata: {name: dev}
"""
SPEC = """\
kind: source
spec:
  name: inbox
  registry: local
  path: /opt/bin/datakit-source-files
  version: v1.0.0
  tables: ["*"]
  destinations: [warehouse]
  concurrency: 100
  spec:
    threads: 2
    tables:
      - name: raw.users
        path: inbox/users.csv
        delimiter: ";"
        columns: [{name: id, type: integer, key: true}, {name: email, type: string}, {name: n, type: integer}]
      - name: raw.orders
        folder: inbox
        path: orders.csv
        columns:
          - {name: id, type: integer, required: true}
          - {name: total, type: "decimal(10,2)"}
---
kind: destination
spec:
  name: warehouse
  path: cloudquery/duckdb
  registry: cloudquery
  version: v6.3.1
  write_mode: append
  spec:
    connection_string: ./warehouse.duckdb
    batch_size: 1000
"""


@pytest.fixture
def specified(tmp_path: Path) -> Workspace:
    """A project of one environment, a specification, and the files that it reads."""
    made = Workspace(tmp_path)
    made.write("project/dev.yaml", ENVIRONMENT)
    made.write("project/sync.yml", SPEC)
    made.write("project/inbox/users.csv", "id;email;n\n1;ann@x.io;3\n2;bob@x.io;\n")
    made.write("project/inbox/orders.csv", "id,total\n1,2.50\n")
    return made


def test_a_specification_becomes_a_project_that_runs(specified: Workspace) -> None:
    told = specified.dk("import", "cloudquery", "project/sync.yml", "project").ok().text
    assert "note: project/sync.yml:9: `concurrency` of source inbox is not carried over" in told
    assert "note: project/sync.yml:11: `threads` of source inbox is not carried over" in told
    assert "note: project/sync.yml:33: `batch_size` of destination warehouse is not carried over" in told
    transform = yaml.safe_load((specified.project / "transforms/inbox/dk.yaml").read_text())["spec"]
    assert transform["cloudquery"]["writeMode"] == "append"
    specified.dk("validate", "project").ok()

    specified.up("--skip-preview").ok()
    assert specified.rows("SELECT id, email, n FROM raw.users ORDER BY id") == [
        (1, "ann@x.io", 3), (2, "bob@x.io", None),
    ]  # fmt: skip
    assert specified.rows("SELECT id, total::VARCHAR FROM raw.orders") == [(1, "2.50")]
    assert specified.preview().ok().operations == {}


def test_repeated_it_changes_nothing_and_what_differs_is_shown(specified: Workspace) -> None:
    specified.dk("import", "cloudquery", "project/sync.yml", "project").ok()
    before = _content(specified)
    again = specified.dk("import", "cloudquery", "project/sync.yml", "project").ok()
    assert "every manifest is there" in again.text
    assert _content(specified) == before

    users = specified.project / "dataset/users.yaml"
    users.write_text(users.read_text().replace("pii: false  # guessed", "pii: true", 1))
    specified.replace("project/sync.yml", "{name: n, type: integer}", "{name: n, type: bigint}")
    before = _content(specified)
    shown = json.loads(
        specified.dk("import", "cloudquery", "project/sync.yml", "project", "--output", "json").ok().results
    )
    assert list(shown["differing"]) == ["DataSet users"]
    assert "+    type: bigint" in shown["differing"]["DataSet users"]
    assert shown["written"] == []
    assert _content(specified) == before
    specified.dk("import", "cloudquery", "project/sync.yml", "project", "--force").ok()
    columns = yaml.safe_load(users.read_text())["spec"]["schema"]
    assert [(each["type"], each["pii"]) for each in columns] == [("integer", True), ("string", True), ("bigint", False)]


def test_nothing_is_written_where_only_the_plugin_knows_the_tables(specified: Workspace) -> None:
    specified.write(
        "project/aws.yml",
        """\
        kind: source
        spec: {name: aws, path: cloudquery/aws, version: v1.0.0, tables: [aws_ec2_*], destinations: [warehouse]}
        ---
        kind: destination
        spec: {name: warehouse, path: cloudquery/duckdb, spec: {connection_string: w.duckdb}}
        """,
    )
    before = _content(specified)
    refused = specified.dk("import", "cloudquery", "project/aws.yml", "project").failed()
    assert refused.code == 2
    assert "project/aws.yml:2: `tables` of source aws has the pattern 'aws_ec2_*'" in refused.text
    assert _content(specified) == before


def _content(workspace: Workspace) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in workspace.project.rglob("*") if file.is_file()}
