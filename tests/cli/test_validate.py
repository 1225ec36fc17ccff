"""`dk validate`: what one environment makes of a project, jobs included."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import ENVIRONMENT, Dk, transform
from tests.manifest.writing import LENIENT, manifest, write

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def project(project: Path) -> Path:
    """The project with a policy that it keeps."""
    return write(project, LENIENT, file="policies/lenient.yaml")


@pytest.fixture
def sound(project: Path) -> Path:
    """The project, its jobs of a runtime that is installed and fine with them."""
    return _of(project, "cloudquery")


@pytest.fixture
def foreign(project: Path) -> Path:
    """The project, its jobs of a runtime that is not installed."""
    return _of(project, "acme")


def _of(project: Path, runtime: str) -> Path:
    for name, reads, writes in (("load", "raw", "users"), ("report", "users", "summary")):
        file = f"transforms/{name}/dk.yaml"
        write(project, transform(name, [reads], [writes], runtime=runtime), file=file)
    return project


@pytest.mark.parametrize("environment", ["dev", "stage", "prod"])
def test_the_example_is_right_in_every_environment(dk: Dk, environment: str) -> None:
    said = dk("validate", REPOSITORY / "examples" / "flights", "--env", environment)
    assert (said.code, said.err) == (0, "")
    assert f"in {environment}: " in said.out
    assert "error" not in said.out


def test_what_only_an_environment_shows_is_found_by_validate_and_not_by_lint(dk: Dk, project: Path) -> None:
    write(project, ENVIRONMENT + "bindings: {warehous: {path: x}}\n", file="environments/dev.yaml")
    assert dk("lint").code == 0
    said = dk("validate")
    assert said.code == 1
    assert "error[unknown-binding] bindings.warehous" in said.out
    assert "did you mean 'warehouse'?" in said.out


def test_jobs_are_checked_by_their_runtimes(dk: Dk, foreign: Path) -> None:
    found = dk("validate", "--output", "json").document
    assert {each["code"] for each in found["findings"]} == {"unknown-runtime"}
    assert found["summary"]["environment"] == "dev"


def test_faults_of_every_stage_come_at_once(dk: Dk, sound: Path) -> None:
    write(sound, manifest("DataSet", "notes", "spec: {stor: warehouse, table: notes}"), file="dataset/notes.yaml")
    write(sound, transform("load", ["rawx"], ["users"]), file="transforms/load/dk.yaml")
    write(sound, manifest("Store", "lake", "spec: {connector: duckdbx}"), file="store/lake.yaml")
    body = "spec: {runtime: dbt, inputs: [{dataset: users}], outputs: [{dataset: summary}], dbt: {project: nowhere}}"
    write(sound, manifest("Transform", "report", body), file="transforms/report/dk.yaml")
    codes = {each["code"] for each in dk("validate", "--output", "json").document["findings"]}
    assert codes == {"missing-field", "unknown-field", "unknown-dataset", "unknown-connector", "invalid-job"}


def test_a_broken_environment_is_told_once(dk: Dk, sound: Path) -> None:
    write(sound, manifest("Environment", "dev", "spec: {versions: exakt}"), file="environments/dev.yaml")
    codes = [each["code"] for each in dk("validate", "--output", "json").document["findings"]]
    assert codes == ["invalid-value"]


def test_an_unknown_environment_names_the_nearest(dk: Dk, project: Path) -> None:
    said = dk("validate", "--env", "deb")
    assert said.code == 1
    assert "error[unknown-environment] unknown Environment 'deb'" in said.out
    assert "fix: did you mean 'dev'?" in said.out


def test_the_findings_of_a_part_are_shown_alone(dk: Dk, foreign: Path) -> None:
    said = dk("validate", "transforms/load")
    assert said.out.count("unknown-runtime") == 1
    assert said.out.endswith("transforms/load in dev: 1 manifest, 1 warning\n")
