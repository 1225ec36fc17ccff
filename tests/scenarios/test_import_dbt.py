"""`dk import dbt FOLDER`: a dbt project that others built becomes a Transform and DataSets, and goes on from there."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.scenarios.workspace import Workspace

MODELS = """\
version: 2
groups:
  - {name: sales, owner: {name: sales-team}}
sources:
  - name: raw
    schema: raw
    tables:
      - name: people
        description: Everybody.
        columns: [{name: id, data_tests: [unique]}, {name: email, description: Where to write to.}]
models:
  - name: customers
    description: Who buys.
    config:
      tags: [daily, "domain:sales"]
      group: sales
      meta: {tier: silver, classification: confidential, cost: 3}
    columns:
      - {name: id, description: The number., data_tests: [unique, not_null], constraints: [{type: primary_key}]}
      - {name: email, meta: {pii: true}}
      - {name: level, data_tests: [accepted_values: {arguments: {values: [a, b]}}]}
  - name: totals
    columns:
      - name: customer_id
        data_type: integer
        data_tests:
          - relationships: {arguments: {to: ref('customers'), field: id}}
          - not_null: {config: {severity: warn}}
      - {name: n, data_type: bigint}
"""
TABLES = """\
CREATE SCHEMA raw;
CREATE TABLE raw.people (id INTEGER NOT NULL, email VARCHAR, level VARCHAR);
INSERT INTO raw.people VALUES (1, 'ann@x.io', 'b'), (2, 'bob@x.io', NULL);
CREATE TABLE main.customers AS SELECT id, email, level FROM raw.people;
CREATE TABLE main.levels (code VARCHAR, label VARCHAR);
"""


@pytest.fixture
def built(workspace: Workspace) -> Workspace:
    """A project with a dbt project beside its manifests, whose tables others made."""
    (workspace.project / "users.yaml").unlink()
    workspace.write("project/dbt/dbt_project.yml", "name: shop\nversion: '1.0'\nmodels: {+materialized: table}\n")
    workspace.write("project/dbt/models/models.yml", MODELS)
    workspace.write(
        "project/dbt/models/customers.sql",
        "select id, email, coalesce(level, '{{ env_var('LEVEL') }}') as level from {{ source('raw', 'people') }}\n",
    )
    workspace.write(
        "project/dbt/models/mid.sql", "{{ config(materialized='ephemeral') }} select id from {{ ref('customers') }}\n"
    )
    workspace.write(
        "project/dbt/models/totals.sql", "select id as customer_id, count(*) as n from {{ ref('mid') }} group by 1\n"
    )
    workspace.write("project/dbt/seeds/levels.csv", "code,label\na,Alpha\nb,Beta\n")
    workspace.execute(TABLES)
    workspace.env["LEVEL"] = "a"
    return workspace


def test_a_dbt_project_is_imported_taken_over_and_run(built: Workspace) -> None:
    told = built.dk("import", "dbt", "project/dbt", "project").ok().text
    assert "note: models/customers.sql: customers: meta cost has no field in a DataSet" in told
    assert "note: dbt runs these tests, and no contract has them: not_null_totals_customer_id" in told
    customers = _manifest(built, "customers")
    assert customers["metadata"]["labels"] == {"daily": "true", "domain": "sales"}
    assert customers["spec"] == {
        "store": "warehouse",
        "table": "main.customers",
        "description": "Who buys.",
        "classification": "confidential",
        "tier": "silver",
        "owner": "sales-team",
        "schema": [
            {"name": "id", "type": "integer", "description": "The number.", "primaryKey": True, "pii": False,
             "tests": [{"unique": True}, {"not_null": True}]},
            {"name": "email", "type": "string", "pii": True},
            {"name": "level", "type": "string", "pii": False, "tests": [{"accepted_values": {"values": ["a", "b"]}}]},
        ],
    }  # fmt: skip
    text = next(built.project.rglob("customers.yaml")).read_text()
    assert text.count("pii: false  # guessed") == 2
    assert "pii: true  # guessed" not in text
    totals = _manifest(built, "totals")["spec"]
    assert totals["schema"][0]["tests"] == [{"relationships": {"to": "customers", "field": "id"}}]
    people = _manifest(built, "people")["spec"]
    assert "classification" not in people
    assert [each["name"] for each in people["schema"]] == ["id", "email", "level"]
    assert yaml.safe_load((built.project / "transforms/shop/dk.yaml").read_text())["spec"] == {
        "runtime": "dbt",
        "inputs": [{"dataset": "people"}],
        "outputs": [{"dataset": each} for each in ("customers", "levels", "totals")],
        "env": [{"name": "LEVEL", "value": "${LEVEL}"}],
        "dbt": {"project": "dbt"},
    }
    built.dk("validate", "project").ok()

    built.dk("import", "warehouse", "project", "--yes").ok()
    assert built.rows("SELECT * FROM raw.people ORDER BY id") == [(1, "ann@x.io", "b"), (2, "bob@x.io", None)]
    assert built.rows("SELECT id, level FROM main.customers ORDER BY id") == [(1, "b"), (2, "a")]
    assert built.rows("SELECT * FROM main.totals ORDER BY customer_id") == [(1, 1), (2, 1)]
    assert built.rows("SELECT * FROM main.levels ORDER BY code") == [("a", "Alpha"), ("b", "Beta")]
    assert built.preview().ok().operations == {}


def test_repeated_it_changes_nothing_and_what_people_said_stays(built: Workspace) -> None:
    built.dk("import", "dbt", "project/dbt", "project").ok()
    assert "every model has its DataSet" in built.dk("import", "dbt", "project/dbt", "project").ok().text
    file = next(built.project.rglob("totals.yaml"))
    file.write_text(
        file.read_text().replace("internal  # guessed", "public").replace("pii: false  # guessed", "pii: true")
    )
    built.replace("project/dbt/models/models.yml", "- name: totals", "- name: totals\n    description: How many.")
    before = file.read_text()
    shown = built.dk("import", "dbt", "project/dbt", "project").ok().text
    assert "+  description: How many." in shown
    assert "DataSet totals: left as written; --force takes what dbt says" in shown
    assert file.read_text() == before
    built.dk("import", "dbt", "project/dbt", "project", "--force").ok()
    spec = yaml.safe_load(file.read_text())["spec"]
    assert (spec["description"], spec["classification"]) == ("How many.", "public")
    assert [each["pii"] for each in spec["schema"]] == [True, True]


def test_what_another_transform_builds_is_left_to_it(built: Workspace) -> None:
    built.dk("import", "dbt", "project/dbt", "project", "--name", "first", "--select", "customers").ok()
    built.dk("import", "dbt", "project/dbt", "project").ok()
    spec = yaml.safe_load((built.project / "transforms/shop/dk.yaml").read_text())["spec"]
    assert spec["inputs"] == [{"dataset": "customers"}]
    assert spec["dbt"]["select"] == ["levels", "totals"]
    built.dk("validate", "project").ok()


def test_what_cannot_be_imported_is_told(built: Workspace) -> None:
    missing = built.dk("import", "dbt", "project", "project").failed().text
    assert "project has no dbt_project.yml" in missing
    built.write("project/dbt/models/lost.sql", "select * from {{ source('crm', 'accounts') }}\n")
    lost = built.dk("import", "dbt", "project/dbt", "project").failed().text
    assert "reads source('crm', 'accounts'), which neither dbt nor a DataSet declares" in lost
    built.write("project/dbt/models/lost.sql", "select * from {{ ref('nowhere') }}\n")
    broken = built.dk("import", "dbt", "project/dbt", "project").failed().text
    assert "nowhere" in broken
    assert not (built.project / "dataset").exists()
    assert not (built.project / "dbt/target").exists()


def _manifest(workspace: Workspace, name: str) -> Any:
    return yaml.safe_load(next(workspace.project.rglob(f"{name}.yaml")).read_text())
