"""The variables of a job: what a Transform declares, with the values of the environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from datakit_iac.environment.resolve import examine
from datakit_iac.manifest.finding import Finding
from datakit_iac.manifest.load import load
from datakit_iac.manifest.secret import Secret
from tests.manifest.writing import manifest, write

CONNECTOR = manifest("Connector", "duckdb", "spec: {type: duckdb, capabilities: [source, destination]}")
STORE = manifest("Store", "warehouse", "spec: {connector: duckdb, connection: {path: w.duckdb}}")
DATASET = manifest("DataSet", "users", "spec: {store: warehouse, table: main.users}")
ENVIRONMENT = manifest("Environment", "dev", "spec: {executor: local}")


def examined(tmp_path: Path, env: str, **variables: str) -> tuple[Mapping[str, str | Secret], list[Finding]]:
    spec = f"spec: {{runtime: dbt, dbt: {{project: p}}, outputs: [{{dataset: users}}], env: [{env}]}}"
    write(tmp_path, CONNECTOR, STORE, DATASET, ENVIRONMENT, manifest("Transform", "load", spec))
    resolved = examine(load(tmp_path), "dev", variables)
    found = [each for each in resolved.findings if each.path.startswith("spec.env")]
    return resolved.transforms["load"].job.variables, found


def test_a_value_is_taken_as_written_from_the_process_or_put_together(tmp_path: Path) -> None:
    env = '{name: A, value: plain}, {name: B, value: "${REGION}"}, {name: C, value: "https://${HOST}/${REGION}"}'
    variables, found = examined(tmp_path, env, REGION="eu", HOST="h")
    assert found == []
    assert variables == {"A": "plain", "B": Secret("eu"), "C": Secret("https://h/eu")}


@pytest.mark.parametrize(
    ("env", "code", "says"),
    [
        ('{name: A, value: "x${REGION}"}', "unset-variable", "takes A from ${REGION}, which is not set"),
        ("{name: A, valueFrom: {secretKeyRef: {name: n, key: k}}}", "not-supported", "A of Transform load is kept in"),
    ],
)
def test_what_has_no_value_here_is_an_error(tmp_path: Path, env: str, code: str, says: str) -> None:
    _, (found,) = examined(tmp_path, env)
    assert (found.code, found.severity) == (code, "error")
    assert says in found.message
    assert found.hint


def test_the_environments_vars_are_those_of_its_dbt_jobs(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p/dbt_project.yml").write_text("name: shop\n")
    transform = manifest("Transform", "load", "spec: {runtime: dbt, dbt: {project: p}, outputs: [{dataset: users}]}")
    environments = [manifest("Environment", "dev", "spec: {vars: {least: 2}}"), manifest("Environment", "prod", "")]
    project = load(write(tmp_path, CONNECTOR, STORE, DATASET, transform, *environments))
    settings = {name: examine(project, name, {}).transforms["load"].job.settings for name in ("dev", "prod")}
    assert settings["dev"]["vars"] == {"least": 2}
    assert "vars" not in settings["prod"]
