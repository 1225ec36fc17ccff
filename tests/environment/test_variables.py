"""The variables of a job: what a Transform declares, with the values of the environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from datakit_iac.checks.references import references
from datakit_iac.environment.resolve import resolve
from datakit_iac.findings.finding import Finding
from datakit_iac.manifest.loading.loader import load
from datakit_iac.manifest.values.secret import Secret
from tests.manifest.writing import manifest, write

CONNECTOR = manifest("Connector", "duckdb", "spec: {type: duckdb, capabilities: [source, destination]}")
STORE = manifest("Store", "warehouse", "spec: {connector: duckdb, connection: {path: w.duckdb}}")
DATASET = manifest("DataSet", "users", "spec: {store: warehouse, table: main.users}")
ENVIRONMENT = manifest("Environment", "dev", "spec: {executor: local}")


def examined(tmp_path: Path, env: str, **variables: str) -> tuple[Mapping[str, str | Secret], list[Finding]]:
    spec = f"spec: {{runtime: dbt, dbt: {{project: p}}, outputs: [{{dataset: users}}], env: [{env}]}}"
    write(tmp_path, CONNECTOR, STORE, DATASET, ENVIRONMENT, manifest("Transform", "load", spec))
    resolved = resolve(load(tmp_path), "dev", variables)
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
    settings = {name: resolve(project, name, {}).transforms["load"].job.settings for name in ("dev", "prod")}
    assert settings["dev"]["vars"] == {"least": 2}
    assert "vars" not in settings["prod"]


def bound(tmp_path: Path, environment: str) -> tuple[Mapping[str, object], list[Finding]]:
    """What a job that reads `raw` of Store `stage` and writes `users` of `warehouse` is given, and what is wrong."""
    (tmp_path / "p").mkdir()
    (tmp_path / "p/dbt_project.yml").write_text("name: shop\n")
    stage = manifest("Store", "stage", "spec: {connector: duckdb, connection: {path: s.duckdb}}")
    raw = manifest("DataSet", "raw", "spec: {store: stage, table: main.raw}")
    spec = "spec: {runtime: dbt, dbt: {project: p}, inputs: [{dataset: raw}], outputs: [{dataset: users}]}"
    project = load(
        write(
            tmp_path, CONNECTOR, STORE, stage, DATASET, raw, manifest("Transform", "load", spec),
            manifest("Environment", "dev", environment),
        )
    )  # fmt: skip
    resolved = resolve(project, "dev", {})
    found = [each for each in (*resolved.findings, *references(project)) if each.severity == "error"]
    return resolved.transforms["load"].job.settings.get("vars", {}), found


@pytest.mark.parametrize(
    ("environment", "given"),
    [
        ("bindings: {warehouse: {vars: {a: 1}}, stage: {vars: {day: 2024-01-02}}}", {"a": 1, "day": "2024-01-02"}),
        ("spec: {vars: {days: [2024-01-02]}}", {"days": ["2024-01-02"]}),
        ("bindings: {raw: {vars: {least: 1}}}\nspec: {vars: {least: 0, most: 9}}", {"least": 1, "most": 9}),
        ("bindings: {raw: {vars: {a: 3}}, stage: {vars: {a: 1}}, warehouse: {vars: {a: 2}}}", {"a": 3}),
        ("bindings: {stage: {vars: {a: [1]}}, warehouse: {vars: {a: [1]}}}", {"a": [1]}),
        ("bindings: {other: {}}", None),
    ],
)
def test_a_binding_gives_vars_to_the_jobs_of_what_it_binds(
    tmp_path: Path, environment: str, given: dict[str, object] | None
) -> None:
    said, found = bound(tmp_path, environment)
    if given is None:
        assert (dict(said), [each.code for each in found]) == ({}, ["unknown-binding"])
    else:
        assert found == []
        assert said == given


def test_bindings_that_disagree_are_an_error(tmp_path: Path) -> None:
    _, (found,) = bound(tmp_path, "bindings: {stage: {vars: {a: 1, b: 1}}, warehouse: {vars: {a: true, b: 1}}}")
    assert (found.code, found.path) == ("ambiguous-binding", "bindings.warehouse.vars.a")
    assert found.message == (
        "var('a') is 1 by the binding of Store stage, and true by that of Store warehouse; Transform load has both"
    )
    assert found.hint == "bind a DataSet that it reads or writes: a DataSet's `vars` come before those of Stores"


def test_two_datasets_that_disagree_are_an_error(tmp_path: Path) -> None:
    _, (found,) = bound(tmp_path, "bindings: {raw: {vars: {a: x}}, users: {vars: {a: y}}}")
    assert "var('a') is \"x\" by the binding of DataSet raw" in found.message


def test_a_secret_is_no_var_of_a_binding(tmp_path: Path) -> None:
    _, (found,) = bound(tmp_path, "bindings: {raw: {vars: {api_token: hunter2}}}")
    assert (found.code, found.path) == ("literal-secret", "bindings.raw.vars.api_token")
    assert "hunter2" not in str(found)


@pytest.mark.parametrize(
    ("variables", "image", "codes"),
    [
        ({"REGISTRY": "ghcr.io/acme", "TAG": "1.4.2"}, "ghcr.io/acme/load:1.4.2", []),
        ({"REGISTRY": "ghcr.io/acme"}, "${REGISTRY}/load:${TAG}", ["unset-variable"]),
        ({"REGISTRY": "ghcr.io/acme", "TAG": "not a tag"}, None, ["invalid-value"]),
    ],
)
def test_the_variables_of_an_image_are_resolved(
    tmp_path: Path, variables: dict[str, str], image: str | None, codes: list[str]
) -> None:
    spec = 'spec: {runtime: generic-go, image: "${REGISTRY}/load:${TAG}", outputs: [{dataset: users}]}'
    write(tmp_path, CONNECTOR, STORE, DATASET, ENVIRONMENT, manifest("Transform", "load", spec))
    resolved = resolve(load(tmp_path), "dev", variables)
    assert [each.code for each in resolved.findings if each.path == "spec.image"] == codes
    assert [each.job.image for each in resolved.transforms.values()] == ([image] if image else [])
