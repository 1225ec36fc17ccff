"""What references with a version come to, and whether they leave a choice."""

from __future__ import annotations

from pathlib import Path

import pytest

from datakit_iac.environment.versions.chosen import ChosenVersion
from datakit_iac.environment.versions.pins import is_exact_image, is_exact_revision, is_exact_version, is_path
from datakit_iac.findings.finding import Finding
from datakit_iac.manifest.loading.loader import load, read
from tests.environment.test_resolve import BASE, faults, resolved
from tests.manifest.writing import CONNECTOR, DATASET, STORE, manifest, only, write

DBT = manifest(
    "Transform", "model", "spec: {runtime: dbt, dbt: {project: models}, inputs: [], outputs: [{dataset: users}]}"
)
DIGEST = f"sha256:{'0' * 64}"


def of(version: str) -> str:
    return CONNECTOR.replace("1.4.2", version)


def asking(constraint: str, name: str = "warehouse") -> str:
    store = STORE.replace("spec: {", f"spec: {{connectorVersion: '{constraint}', ")
    return store.replace("name: warehouse", f"name: {name}").replace("warehouse.duckdb", f"{name}.duckdb")


def allowing(version: str) -> str:
    return manifest("Environment", "dev", f"spec: {{connectors: [{{name: duckdb, version: '{version}'}}]}}")


def errors(folder: Path, *documents: str) -> list[Finding]:
    return [each for each in faults(folder, *documents) if each.severity == "error"]


def chosen(folder: Path, *documents: str, kind: str = "connector") -> list[ChosenVersion]:
    return [each for each in resolved(folder, *documents).versions if each.kind == kind]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


CATALOG = (of("1.4.2"), of("1.10.0"), of("2.0.0"), of("1.9.0"))


@pytest.mark.parametrize(
    ("asked", "allowed", "version"),
    [
        ("", "", "2.0.0"),
        ("^1.4", "", "1.10.0"),
        ("~1.4.0", "", "1.4.2"),
        ("", "<2", "1.10.0"),
        ("^1.4", "!=1.10.0", "1.9.0"),
        ("1.9.0", "^1", "1.9.0"),
    ],
)
def test_the_highest_version_that_store_and_environment_accept_is_chosen(
    tmp_path: Path, asked: str, allowed: str, version: str
) -> None:
    project = resolved(tmp_path, *CATALOG, asking(asked), allowing(allowed))
    assert project.connectors["duckdb"].spec.version == version
    assert [each.version for each in project.versions] == [version]
    assert project.stores["warehouse"].version == version


def test_where_no_version_fits_the_store_those_that_are_there_are_listed(tmp_path: Path) -> None:
    found = only(errors(tmp_path, *CATALOG, asking("^3"), allowing("^2")))
    assert (found.code, found.path) == ("connector-version", "spec.connectorVersion")
    assert found.message == "Connector duckdb has versions 2.0.0, 1.10.0, 1.9.0, 1.4.2; Store warehouse expects ^3"


def test_what_the_environment_alone_refuses_is_left_to_its_rule(tmp_path: Path) -> None:
    project = resolved(tmp_path, *CATALOG, asking("^1.4"), allowing("^2"))
    assert project.connectors["duckdb"].spec.version == "1.10.0"


def test_an_allowed_version_that_is_no_range_is_told_where_it_stands(tmp_path: Path) -> None:
    found = only(errors(tmp_path, CONNECTOR, STORE, allowing("newest")))
    assert (found.code, found.path) == ("invalid-value", "spec.connectors[0].version")


def test_two_stores_may_use_two_versions_of_one_connector(tmp_path: Path) -> None:
    project = resolved(tmp_path, *CATALOG, asking("^1.4"), asking("^2", "lake"), manifest("Environment", "dev", ""))
    assert {name: each.spec.version for name, each in project.connectors.items()} == {
        "duckdb": "2.0.0",
        "duckdb@1.10.0": "1.10.0",
    }
    assert {name: each.version for name, each in project.stores.items()} == {"warehouse": "1.10.0", "lake": "2.0.0"}


@pytest.mark.parametrize(
    ("asked", "allowed", "is_exact"),
    [("1.4.2", "", True), ("^1.4", "1.4.2", True), ("^1.4", "", False), ("", "", False), ("1.4", "^1", False)],
)
def test_a_connector_is_pinned_by_its_store_or_by_the_environment(
    tmp_path: Path, asked: str, allowed: str, is_exact: bool
) -> None:
    (found,) = chosen(tmp_path, CONNECTOR, asking(asked), allowing(allowed))
    assert (found.name, found.manifest.name, found.is_exact) == ("duckdb", "warehouse", is_exact)


# The catalog.


def test_the_same_version_twice_is_a_duplicate(tmp_path: Path) -> None:
    other = CONNECTOR.replace("capabilities: [", "protocol: file, capabilities: [")
    assert only(read(write(tmp_path, CONNECTOR, other))[1]).code == "duplicate-name"


def test_a_connector_that_stands_several_times_needs_a_version(tmp_path: Path) -> None:
    found = only(read(write(tmp_path, CONNECTOR, CONNECTOR.replace("version: 1.4.2, ", "")))[1])
    assert (found.code, found.line, found.hint) == ("duplicate-name", 9, "give each of them a version")


def test_every_version_is_a_manifest_of_the_project_with_its_own_place(tmp_path: Path) -> None:
    project = load(write(tmp_path, *CATALOG))
    assert [each.spec.version for each in project.editions("duckdb")] == ["2.0.0", "1.10.0", "1.9.0", "1.4.2"]
    assert {project.where(each) for each in project} == {f"project.yaml:{line}:1" for line in (1, 6, 11, 16)}


# Plugins and packages.


def test_a_plugin_is_pinned_by_a_full_tag_a_digest_or_its_path(tmp_path: Path) -> None:
    plugin = "plugin: {source: 'ghcr.io/acme/load:latest', destination: './plugins/load'}, "
    connector = CONNECTOR.replace("spec: {", f"spec: {{{plugin}")
    found = chosen(tmp_path, connector, STORE, DATASET, BASE[3], kind="plugin")
    assert [(each.name, each.version, each.is_exact, each.path[-1]) for each in found] == [
        ("ghcr.io/acme/load", "latest", False, "source"),
        ("./plugins/load", "", True, "destination"),
    ]


def test_the_packages_of_a_dbt_project_are_told_with_what_its_lock_file_chose(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "packages.yml").write_text(
        "packages:\n- {package: dbt-labs/dbt_utils, version: ['>=1.0.0', '<2.0.0']}\n"
        "- {package: dbt-labs/codegen, version: 0.13.1}\n"
        "- {git: 'https://example.com/audit.git', revision: main}\n- {local: ../shared}\n"
    )
    (folder / "package-lock.yml").write_text("packages:\n- {package: dbt-labs/dbt_utils, version: 1.3.0}\n")
    found = chosen(tmp_path, *BASE, DBT, DBT.replace("name: model", "name: again"), kind="dbt-package")
    assert [(each.name, each.constraint, each.version, each.is_exact) for each in found] == [
        ("dbt-labs/dbt_utils", ">=1.0.0,<2.0.0", "1.3.0", False),
        ("dbt-labs/codegen", "0.13.1", "", True),
        ("https://example.com/audit.git", "main", "", False),
        ("../shared", "", "", True),
    ]
    assert [each.path for each in found] == [("spec", "dbt", "project")] * 4


@pytest.mark.parametrize("text", ["", "none: [", "packages: dbt_utils", "packages: [1, {}]", "\0"])
def test_a_file_of_packages_that_is_none_has_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "packages.yml").write_text(text)
    assert chosen(tmp_path, *BASE, DBT, kind="dbt-package") == []


@pytest.mark.parametrize("text", ["1.4.2", "v1.4.2", "==1.4.2", "=1.4.2", "1.4.2-rc.1", "1.4.2+build"])
def test_a_whole_version_is_exact(text: str) -> None:
    assert is_exact_version(text)


@pytest.mark.parametrize(
    "text", ["", "1", "1.4", "^1.4.2", "~1.4.2", ">=1.4.2", "1.4.*", "==1.4.*", "1.4.2,<2", "latest"]
)
def test_what_leaves_a_choice_is_not_exact(text: str) -> None:
    assert not is_exact_version(text)


@pytest.mark.parametrize(
    ("image", "is_exact"),
    [
        ("acme/load:v1.4.2", True),
        ("python:3.11.4-slim", True),
        (f"acme/load@{DIGEST}", True),
        (f"acme/load:latest@{DIGEST}", True),
        ("acme/load@sha256:short", False),
        ("acme/load:latest", False),
        ("acme/load:1.4", False),
        ("acme/load", False),
        ("host:5000/acme/load", False),
        ("host:5000/acme/load:1.4.2", True),
        ("acme/load:main-1.4.2", False),
    ],
)
def test_an_image_is_exact_by_digest_or_full_version(image: str, is_exact: bool) -> None:
    assert is_exact_image(image) is is_exact


def test_a_git_revision_is_exact_by_commit_or_full_version() -> None:
    found = [is_exact_revision(each) for each in ("a" * 40, "v1.2.3", "main", "1.2", "a" * 7)]
    assert found == [True, True, False, False, False]


def test_a_plugin_at_a_path_is_told_from_an_image() -> None:
    found = [is_path(each) for each in ("./a", "../a", "/a", "~/a", "a/b", "ghcr.io/a/b:1")]
    assert found == [True] * 4 + [False] * 2
