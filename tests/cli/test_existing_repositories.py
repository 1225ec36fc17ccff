"""`dk lint` and `dk validate` on repositories as they come: loose packages, no Environment, things not installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from datakit_iac.checks.validate import validate
from datakit_iac.manifest.loading.loader import read
from tests.cli.conftest import Dk
from tests.manifest.writing import CONNECTOR, DATASET, STORE, manifest, write

LOOSE = manifest(
    "Transform", "load", "spec: {runtime: cloudquery, inputs: [{dataset: raw}], outputs: [{dataset: users}]}"
)

CLEAN = manifest(
    "DataSet",
    "users",
    "spec: {store: warehouse, table: main.users, classification: internal, "
    "schema: [{name: id, type: integer, pii: false}]}",
)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_undeclared_names_are_warnings_on_loose_files_and_errors_in_a_project(dk: Dk, here: Path) -> None:
    write(here, LOOSE)
    said = dk("lint")
    assert said.code == 0
    assert said.out.count("warning[unknown-dataset]") == 2
    assert dk("lint", "--strict").code == 1
    validated = dk("validate")
    assert (validated.code, validated.out.count("error[unknown-dataset]")) == (1, 2)
    write(here, manifest("Environment", "dev", "spec: {}"), file="environment.yaml")
    assert dk("lint").out.count("error[unknown-dataset]") == 2
    (here / "environment.yaml").unlink()
    (here / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    assert dk("lint").out.count("error[unknown-dataset]") == 2


def test_a_project_without_environments_has_dev(dk: Dk, here: Path) -> None:
    write(here, CONNECTOR, STORE, CLEAN)
    assert dk("validate").code == 0
    assert dk("dataset", "validate", "users").code == 0
    said = dk("validate", "--env", "prod")
    assert said.code == 1
    assert "unknown Environment 'prod'" in said.out
    assert "there is dev" in said.out


def test_a_wrong_environment_lists_those_that_there_are(dk: Dk, here: Path) -> None:
    write(here, CONNECTOR, STORE, *(manifest("Environment", name, "spec: {}") for name in ("staging", "prod")))
    assert "there is prod, staging" in dk("validate").out


@pytest.mark.parametrize(
    ("documents", "code"),
    [
        ((CONNECTOR.replace("type: duckdb", "type: oracle"), STORE), "technology-not-installed"),
        (
            (
                CONNECTOR,
                STORE,
                CLEAN,
                LOOSE.replace("cloudquery", "acme, command: x").replace("inputs: [{dataset: raw}], ", ""),
            ),
            "unknown-runtime",
        ),
        ((manifest("Environment", "dev", "spec: {executor: nomad}"), CONNECTOR, STORE), "executor-not-installed"),
    ],
)
def test_what_is_not_installed_is_a_warning_of_lint_and_validate(
    dk: Dk, here: Path, documents: tuple[str, ...], code: str
) -> None:
    write(here, *documents)
    assert dk("lint").code == 0
    said = dk("validate")
    assert f"warning[{code}]" in said.out
    assert said.code == 0, said.out


def test_an_environment_allows_no_technology_because_it_is_not_installed(dk: Dk, here: Path) -> None:
    bound = "spec: {connectors: [{name: duckdb}]}\nbindings: {warehouse: {type: oracle, host: h}}"
    write(here, CONNECTOR, STORE, DATASET, manifest("Environment", "dev", bound))
    said = dk("validate")
    assert "error[connectors-allowed] spec.connector: Store warehouse is of Connector oracle" in said.out
    assert "warning[technology-not-installed]" in said.out


@pytest.mark.parametrize("file", ["chart/templates/job.yaml", "notes.yaml", "dataset/tpl.yaml"])
def test_a_file_that_is_no_yaml_and_not_ours_is_a_warning_at_most_and_an_error_where_it_is_named(
    dk: Dk, here: Path, file: str
) -> None:
    write(here, CONNECTOR, STORE, CLEAN)
    write(here, "kind: Job\nspec: {{- if .Values.x }}\n", file=file)
    assert dk("lint").code == 0
    assert dk("validate").code == 0
    for command in ("lint", "validate"):
        said = dk(command, file)
        assert said.code == 1
        assert f"{file}:2:9: error[broken-yaml]" in said.out


def test_a_broken_file_that_names_our_api_version_is_an_error_wherever_it_is(dk: Dk, here: Path) -> None:
    write(here, CONNECTOR, STORE, CLEAN)
    write(here, CLEAN.replace("spec: {", "spec: [{"), file="elsewhere/x.yaml")
    assert "error[broken-yaml]" in dk("lint").out


SLIPS = {
    "spec.aproval": manifest("Environment", "dev", "spec: {aproval: multi-party}"),
    "spec.displayName": manifest("Environment", "dev", "spec: {displayName: Dev}"),
    "bindings.users.tabel": manifest("Environment", "dev", "spec: {}") + "bindings: {users: {tabel: dev.users}}\n",
    "spec.waiver": manifest("Policy", "quality", "spec: {waiver: [], rules: [{rule: pii-declared}]}"),
    "spec.rules[0].kind": manifest("Policy", "quality", "spec: {rules: [{rule: naming, pattern: a, kind: [store]}]}"),
    "spec.consents[0].untill": CLEAN.replace(
        "spec: {", "spec: {consents: [{object: table, reason: r, expires: 2999-01-01, untill: x}], "
    ),
    "spec.triger": LOOSE.replace("inputs: [{dataset: raw}], ", "triger: {policy: manual}, "),
    "spec.pathh": STORE.replace("spec: {", "spec: {pathh: x, "),
    "spec.connectionSchema[0].typ": CONNECTOR.replace(
        "spec: {", "spec: {connectionSchema: [{field: path, typ: text}], "
    ),
}
DECIDE = {*SLIPS} - {"spec.pathh", "spec.connectionSchema[0].typ"}


@pytest.mark.parametrize("path", SLIPS)
def test_an_unknown_field_is_a_warning_everywhere_and_nothing_is_planned_where_it_may_be_a_permission(
    dk: Dk, here: Path, path: str
) -> None:
    slip = SLIPS[path]
    write(here, *(each for each in (CONNECTOR, STORE, CLEAN) if each.partition("spec:")[0] not in slip), slip)
    # What a DataSet's binding may hold is a question to one environment.
    for command in ("validate",) if path.startswith("bindings") else ("lint", "validate"):
        (found,) = (each for each in dk(command, "--output", "json").document["findings"] if each["path"] == path)
        assert (found["code"], found["severity"]) == ("unknown-field", "warning"), command
        assert ("nothing is planned or applied" in found["message"]) == (path in DECIDE)
        assert found["hint"], command
    assert dk("lint").code == 0
    assert dk(command, "--strict").code == 1
    project, findings = read(here)
    planned = {(each.path, each.severity) for each in (*findings, *validate(project, "dev", {})[1])}
    assert ((path, "error") in planned) == (path in DECIDE)


def test_an_unknown_field_is_an_error_where_pins_are_exact(dk: Dk, here: Path) -> None:
    exact = manifest("Environment", "prod", "spec: {versions: exact, aproval: multi-party}")
    write(here, exact, CONNECTOR, STORE.replace("spec: {", "spec: {pathh: x, "), CLEAN)
    assert dk("lint").code == 0
    said = dk("validate", "--env", "prod")
    assert said.code == 1
    assert "error[unknown-field] spec.aproval: unknown field 'aproval'" in said.out
    assert "error[unknown-field] spec.pathh: unknown field 'pathh'" in said.out


@pytest.mark.parametrize(
    "fields", ["image: 'a/b:1'", "mode: streaming, image: 'a/b:1'", "image: 'a/b:1', command: run.sh"]
)
def test_a_container_of_a_runtime_that_is_not_installed_is_checked_as_far_as_it_is_known(
    dk: Dk, here: Path, fields: str
) -> None:
    outputs = "outputs: [{dataset: users}]"
    write(
        here,
        CONNECTOR,
        STORE,
        CLEAN,
        manifest("Transform", "load", f"spec: {{runtime: acme, {fields}, {outputs}}}"),
    )
    said = dk("validate")
    assert "warning[unknown-runtime]" in said.out
    assert said.code == 0, said.out
