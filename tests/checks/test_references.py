"""What manifests say of each other, seen without any environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from datakit_iac.checks.references import references
from datakit_iac.findings.finding import Finding
from datakit_iac.manifest.loading.loader import load
from tests.manifest.writing import CONNECTOR, DATASET, STORE, manifest, only, write

BASE = (CONNECTOR, STORE, DATASET)
GROUP = manifest("DataSetGroup", "people", "spec: {store: warehouse, datasets: [users, staff]}")
STAFF = DATASET.replace("users", "staff").replace("name: email", "name: mail")


def found(root: Path, *documents: str) -> list[Finding]:
    return list(references(load(write(root, *documents))))


def made(column: str, fields: str = "") -> str:
    return manifest("DataSet", "made", f"spec: {{store: warehouse, table: made, schema: [{column}], {fields}}}")


def test_columns_of_origin_that_are_there_are_fine(tmp_path: Path) -> None:
    column = "{name: mail, type: text, from: [users.EMAIL, people.id]}"
    assert found(tmp_path, *BASE, STAFF, GROUP, made(column)) == []


WRONG = {
    made("{name: a, type: text, from: user.email}"): ("unknown-dataset", "did you mean 'users'?", "from[0]"),
    made("{name: a, type: text, from: [users.id, users.emial]}"): (
        "unknown-column",
        "did you mean 'email'?",
        "from[1]",
    ),
    made("{name: a, type: text, from: people.email}"): ("unknown-column", "did you mean 'mail'?", "from[0]"),
    made("{name: a, type: int, tests: [{relationships: {to: people, field: id}}]}"): (
        "unknown-dataset",
        "known: made, staff, users",
        "tests[0].relationships.to",
    ),
    made("{name: a, type: int, tests: [{relationships: {to: users, field: ids}}]}"): (
        "unknown-column",
        "did you mean 'id'?",
        "tests[0].relationships.field",
    ),
    made("{name: at, type: date}", "tests: [{freshness: {column: att, maxAge: 1d}}]"): (
        "unknown-column",
        "did you mean 'at'?",
        "spec.tests[0].freshness.column",
    ),
    made("{name: at, type: text}", "tests: [{freshness: {column: at, maxAge: 1d}}]"): (
        "invalid-value",
        "",
        "spec.tests[0].freshness.column",
    ),
    made("{name: at, type: date}", "dev: {seed: {inline: [{at: 2024-01-31}, {att: x}]}}"): (
        "unknown-column",
        "did you mean 'at'?",
        "spec.dev.seed.inline[1].att",
    ),
    made("{name: at, type: date}", "previousNames: [formerly, users]"): (
        "invalid-value",
        "once the rename was applied everywhere, take it out; a DataSet of the old name comes after that",
        "spec.previousNames[1]",
    ),
    made("{name: at, type: date}").replace("warehouse", "warehose"): (
        "unknown-store",
        "did you mean 'warehouse'?",
        "spec.store",
    ),
    STORE.replace("name: warehouse", "name: depot").replace("connector: duckdb", "connector: dukdb"): (
        "unknown-connector",
        "did you mean 'duckdb'?",
        "spec.connector",
    ),
    manifest(
        "Connector",
        "pg",
        "spec: {type: pg, capabilities: [source], connectionSchema: [{field: host}],"
        " tools: [{name: psql, type: exec, command: [psql, -h, '{{ hots }}']}]}",
    ): ("unknown-field", "did you mean 'host'?", "spec.tools[0].command"),
    manifest(
        "Transform",
        "load",
        "spec: {runtime: generic-go, outputs: [{dataset: users}], env: [{name: API_TOKEN, value: hunter2}]}",
    ): ("literal-secret", 'value: "${API_TOKEN}"', "spec.env[0].value"),
    manifest("Environment", "dev", "spec: {vars: {shop: {api_token: hunter2}, start: 2024}}"): (
        "literal-secret",
        "`env` of the Transforms, and env_var() in the models",
        "spec.vars.shop.api_token",
    ),
}


@pytest.mark.parametrize("document", WRONG)
def test_what_is_not_there_is_told_with_the_nearest(tmp_path: Path, document: str) -> None:
    fault = only(found(tmp_path, *BASE, STAFF, GROUP, document))
    code, hint, path = WRONG[document]
    assert (fault.code, fault.hint, fault.path.endswith(path)) == (code, hint, True), fault
    assert "hunter2" not in str(fault)


def test_a_dataset_without_a_schema_may_have_any_column(tmp_path: Path) -> None:
    bare = manifest("DataSet", "bare", "spec: {store: warehouse, table: bare}")
    assert found(tmp_path, *BASE, bare, made("{name: a, type: text, from: bare.anything}")) == []
