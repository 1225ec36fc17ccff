"""One project, resolved for its environments: bindings, versions, secrets, paths."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from datakit_iac.checks.references import references
from datakit_iac.environment.model import ResolvedProject
from datakit_iac.environment.resolve import resolve
from datakit_iac.findings.finding import Finding, InvalidProjectError
from datakit_iac.manifest.loading.loader import load
from tests.manifest.writing import CONNECTOR, DATASET, STORE, manifest, only, write

ENVIRONMENT = manifest("Environment", "dev", "")
FILES = manifest("Connector", "files", "spec: {type: files, version: 2.1.0, capabilities: [source]}")
LAKE = manifest("Store", "lake", "spec: {connector: files, connection: {path: data}}")
RAW = manifest("DataSet", "raw", "spec: {store: lake, prefix: users/}")
LOAD = manifest("Transform", "load", "spec: {runtime: cloudquery, inputs: [], outputs: [{dataset: users}]}")
BASE = (CONNECTOR, STORE, DATASET, ENVIRONMENT)


def resolved(
    folder: Path, *documents: str, environment: str = "dev", variables: Mapping[str, str] | None = None
) -> ResolvedProject:
    project = load(write(folder, *documents))
    found = resolve(project, environment, variables or {})
    findings = (*found.findings, *references(project))
    if any(each.severity == "error" for each in findings):
        raise InvalidProjectError(findings)
    return found


def faults(folder: Path, *documents: str, environment: str = "dev") -> tuple[Finding, ...]:
    with pytest.raises(InvalidProjectError) as invalid:
        resolved(folder, *documents, environment=environment)
    return invalid.value.findings


def bound(body: str) -> str:
    return manifest("Environment", "dev", f"bindings:\n  {body}")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()


# Bindings.


def test_without_a_binding_a_store_is_what_its_manifest_says(tmp_path: Path) -> None:
    store = resolved(tmp_path, *BASE).stores["warehouse"]
    assert (store.connection.technology, store.connection.options) == ("duckdb", {"path": "warehouse.duckdb"})


def test_a_binding_takes_precedence_over_the_store_where_the_technology_is_the_same(tmp_path: Path) -> None:
    lake = LAKE.replace("path: data", "path: data, delimiter: ';'")
    project = resolved(tmp_path, FILES, lake, bound("lake: {path: .}"))
    assert project.stores["lake"].connection.options == {"path": ".", "delimiter": ";"}


def test_a_binding_of_another_technology_replaces_the_store(tmp_path: Path) -> None:
    lake = LAKE.replace("}}", "}, secrets: {key: '${UNSET}'}}")
    store = resolved(tmp_path, FILES, lake, bound("lake: {type: duckdb, path: lake.duckdb}")).stores["lake"]
    assert (store.connection.technology, store.connection.options) == ("duckdb", {"path": "lake.duckdb"})
    assert store.secrets == {}


def test_the_binding_says_whether_a_store_is_made(tmp_path: Path) -> None:
    assert resolved(tmp_path, *BASE).stores["warehouse"].create is None
    environment = bound("warehouse: {create: false}")
    assert resolved(tmp_path, CONNECTOR, STORE, environment).stores["warehouse"].create is False


def test_the_pipeline_is_the_same_in_every_environment(tmp_path: Path) -> None:
    prod = manifest("Environment", "prod", "bindings: {warehouse: {path: prod.duckdb}}")
    documents = (*BASE, LOAD, prod)
    one, other = (resolved(tmp_path, *documents, environment=name) for name in ("dev", "prod"))
    assert one.graph == other.graph
    assert one.datasets["users"].bound.connection != other.datasets["users"].bound.connection


def test_a_dataset_binding_moves_its_place_and_nothing_else(tmp_path: Path) -> None:
    project = resolved(tmp_path, CONNECTOR, STORE, DATASET, bound("users: {table: dev.users}"))
    moved = project.datasets["users"].bound
    assert str(moved.place) == "dev.users"
    assert [column.name for column in moved.columns] == ["id", "email"]


def test_a_dataset_binding_may_change_what_kind_of_place_it_is(tmp_path: Path) -> None:
    project = resolved(tmp_path, FILES, LAKE, manifest("DataSet", "raw", "spec: {store: lake, table: raw}"),
                       bound("raw: {prefix: raw/}"))  # fmt: skip
    place = project.datasets["raw"].bound.place
    assert (place.table, place.prefix) == (None, "raw/")


def test_a_dataset_binding_knows_no_connection(tmp_path: Path) -> None:
    found = only(list(faults(tmp_path, CONNECTOR, STORE, DATASET, bound("users: {tabel: dev.users}"))))
    assert (found.code, found.hint) == ("unknown-field", "did you mean 'table'?")


def test_a_binding_of_an_unknown_name_is_told_with_the_nearest(tmp_path: Path) -> None:
    found = only(list(faults(tmp_path, CONNECTOR, STORE, bound("warehose: {path: x.duckdb}"))))
    assert (found.code, found.path, found.hint) == (
        "unknown-binding",
        "bindings.warehose",
        "did you mean 'warehouse'?",
    )


# What cannot be registered, and where it says so.


def test_an_unknown_environment_names_the_nearest(tmp_path: Path) -> None:
    found = only(list(faults(tmp_path, *BASE, environment="de")))
    assert (found.code, found.hint) == ("unknown-environment", "did you mean 'dev'?")


def test_an_unknown_connector_is_told_at_its_store(tmp_path: Path) -> None:
    found = only(list(faults(tmp_path, CONNECTOR, STORE.replace("connector: duckdb", "connector: dukdb"), ENVIRONMENT)))
    assert (found.code, found.path, found.hint) == ("unknown-connector", "spec.connector", "did you mean 'duckdb'?")


def test_an_unknown_store_is_told_at_its_dataset(tmp_path: Path) -> None:
    documents = (CONNECTOR, STORE, DATASET.replace("store: warehouse", "store: warehose"), ENVIRONMENT)
    found = only(list(faults(tmp_path, *documents)))
    assert (found.code, found.path, found.hint) == ("unknown-store", "spec.store", "did you mean 'warehouse'?")


def test_a_technology_that_is_not_installed_is_told_at_its_connector(tmp_path: Path) -> None:
    found = only(list(faults(tmp_path, CONNECTOR.replace("type: duckdb", "type: dukdb"), STORE, ENVIRONMENT)))
    assert (found.code, found.path) == ("unknown-technology", "spec.type")
    assert "did you mean 'duckdb'?" in found.message


def test_a_technology_that_is_not_installed_is_told_at_its_binding(tmp_path: Path) -> None:
    found = only(list(faults(tmp_path, CONNECTOR, STORE, bound("warehouse: {type: dukdb}"))))
    assert (found.code, found.path) == ("unknown-technology", "bindings.warehouse.type")


def test_a_wrong_option_is_reported_where_it_is(tmp_path: Path) -> None:
    found = only(list(faults(tmp_path, CONNECTOR, STORE, bound("warehouse: {pat: x}"))))
    assert (found.code, found.path) == ("unknown-field", "bindings.warehouse.pat")
    assert ("has no option 'pat'" in found.message, found.hint) == (True, "did you mean 'path'?")


def test_a_secret_that_the_technology_does_not_use_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = STORE.replace("}}", "}, secrets: {password: '${HOME}'}}")
    with pytest.raises(InvalidProjectError, match="duckdb has no secret 'password'"):
        resolved(tmp_path, CONNECTOR, store, ENVIRONMENT, variables={"HOME": "/"})


def test_an_unset_variable_is_told_with_file_and_line(tmp_path: Path) -> None:
    lake = LAKE.replace("}}", "}, secrets: {\n    key: '${UNSET}'}}")
    found = next(each for each in faults(tmp_path, FILES, lake, ENVIRONMENT) if each.code == "unset-variable")
    line = (tmp_path / "project.yaml").read_text().splitlines()[found.line - 1]
    assert line[found.column - 1 :] == "'${UNSET}'}}"
    assert (found.file, found.hint) == ("project.yaml", "export UNSET=…")


def test_an_unset_variable_of_a_binding_is_told_there(tmp_path: Path) -> None:
    environment = bound("lake: {secrets: {token: '${UNSET}'}}")
    assert "bindings.lake.secrets.token" in [each.path for each in faults(tmp_path, FILES, LAKE, environment)]


def test_a_secret_stays_a_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datakit_iac.technologies.files.factory.Files.check", lambda *_, **__: [])
    lake = LAKE.replace("}}", "}, secrets: {key: '${TOKEN}'}}")
    project = resolved(tmp_path, FILES, lake, ENVIRONMENT, variables={"TOKEN": "hunter2"})
    assert project.stores["lake"].secrets == {"key": "${TOKEN}"}
    assert "hunter2" not in repr(project)


@pytest.mark.parametrize("constraint", ["1.4.2", "^1.4", ">=1.0,<2"])
def test_a_connector_of_a_fitting_version_is_used(tmp_path: Path, constraint: str) -> None:
    store = STORE.replace("spec: {", f"spec: {{connectorVersion: '{constraint}', ")
    assert list(resolved(tmp_path, CONNECTOR, store, ENVIRONMENT).connectors) == ["duckdb"]


@pytest.mark.parametrize(
    ("constraint", "code", "message"),
    [
        ("^2.0", "connector-version", "has version 1.4.2; Store warehouse expects ^2.0"),
        ("newest", "invalid-value", "'newest' is not a version range"),
    ],
)
def test_a_connector_of_another_version_is_refused(tmp_path: Path, constraint: str, code: str, message: str) -> None:
    store = STORE.replace("spec: {", f"spec: {{connectorVersion: {constraint}, ")
    found = only(list(faults(tmp_path, CONNECTOR, store, ENVIRONMENT)))
    assert (found.code, found.path) == (code, "spec.connectorVersion")
    assert message in found.message


def test_a_connector_without_a_version_satisfies_no_constraint(tmp_path: Path) -> None:
    connector = CONNECTOR.replace("version: 1.4.2, ", "")
    store = STORE.replace("spec: {", "spec: {connectorVersion: ^1.0, ")
    assert "has no version" in only(list(faults(tmp_path, connector, store, ENVIRONMENT))).message


def test_two_datasets_may_not_lie_in_the_same_place(tmp_path: Path) -> None:
    found = only(list(faults(tmp_path, *BASE, DATASET.replace("name: users", "name: people"))))
    assert found.code == "same-place"
    assert found.message == "DataSet users has the place of DataSet people: raw.users in duckdb:warehouse.duckdb"


def test_two_stores_of_one_path_are_one_place(tmp_path: Path) -> None:
    other = DATASET.replace("name: users", "name: people").replace("store: warehouse", "store: depot")
    depot = STORE.replace("name: warehouse", "name: depot")
    assert [each.code for each in faults(tmp_path, *BASE, depot, other)] == ["same-place"]


@pytest.mark.parametrize(
    "path", ["./warehouse.duckdb", "inner/../warehouse.duckdb", "link.duckdb", "{here}/warehouse.duckdb"]
)
def test_two_spellings_of_one_path_are_one_place(tmp_path: Path, path: str) -> None:
    (tmp_path / "link.duckdb").symlink_to("warehouse.duckdb")
    other = DATASET.replace("name: users", "name: people").replace("store: warehouse", "store: depot")
    depot = STORE.replace("name: warehouse", "name: depot").replace("warehouse.duckdb", path.format(here=tmp_path))
    assert [each.code for each in faults(tmp_path, *BASE, depot, other)] == ["same-place"]


@pytest.mark.parametrize(("one", "other"), [("users", "main.users"), ("users", "Users"), ("raw.users", "RAW.users")])
def test_two_spellings_of_one_table_are_one_place(tmp_path: Path, one: str, other: str) -> None:
    tables = [manifest("DataSet", name, f"spec: {{store: warehouse, table: {table}}}")
              for name, table in (("a", one), ("b", other))]  # fmt: skip
    assert only(list(faults(tmp_path, CONNECTOR, STORE, ENVIRONMENT, *tables))).code == "same-place"


def test_one_table_in_two_schemas_is_two_places(tmp_path: Path) -> None:
    tables = [manifest("DataSet", name, f"spec: {{store: warehouse, table: {name}.users}}") for name in ("raw", "main")]
    assert set(resolved(tmp_path, CONNECTOR, STORE, ENVIRONMENT, *tables).datasets) == {"raw", "main"}


def lake_to_be(folder: Path, create: str) -> str:
    fields = f"connector: files, create: {create}, connection: {{path: {folder}/new/lake}}"
    return manifest("Store", "lake", f"spec: {{{fields}}}")


def test_a_folder_of_files_that_its_store_makes_need_not_be_there(tmp_path: Path) -> None:
    assert resolved(tmp_path, FILES, lake_to_be(tmp_path, "true"), ENVIRONMENT).stores["lake"].create is True


@pytest.mark.parametrize("create", ["false", "null"])
def test_a_folder_of_files_that_nobody_makes_must_be_there(tmp_path: Path, create: str) -> None:
    found = only(list(faults(tmp_path, FILES, lake_to_be(tmp_path, create), ENVIRONMENT)))
    assert (found.code, "`create: true`" in found.message) == ("invalid-connection", True)


def test_what_is_no_destination_is_not_written(tmp_path: Path) -> None:
    writer = LOAD.replace("users", "raw")
    found = only(list(faults(tmp_path, FILES, LAKE, RAW, writer, ENVIRONMENT)))
    assert (found.code, found.path) == ("not-a-destination", "spec.outputs")


def test_what_is_no_destination_is_external(tmp_path: Path) -> None:
    project = resolved(tmp_path, *BASE, FILES, LAKE, RAW)
    assert {name: each.contract.external for name, each in project.datasets.items()} == {"raw": True, "users": False}


def test_all_faults_come_at_once_and_warnings_beside_them(tmp_path: Path) -> None:
    twice = LOAD.replace("name: load", "name: again")
    found = faults(tmp_path, CONNECTOR, STORE, DATASET, LOAD, twice, bound("warehouse: {pat: x}\n  nothing: {}"))
    assert sorted(each.code for each in found) == ["several-writers", "unknown-binding", "unknown-field"]


# Paths.


def test_relative_paths_count_from_the_project_and_stay_relative(tmp_path: Path) -> None:
    project = resolved(tmp_path / "projects" / "shop", *BASE)
    assert project.stores["warehouse"].connection.options["path"] == "projects/shop/warehouse.duckdb"


def test_a_moved_checkout_resolves_to_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = []
    for checkout in ("here", "there/deeper"):
        write(tmp_path / checkout / "project", *BASE)
        monkeypatch.chdir(tmp_path / checkout)
        connection = resolve(load(Path("project")), "dev", {}).stores["warehouse"].connection
        paths.append(connection.options["path"])
    assert paths == ["project/warehouse.duckdb"] * 2


@pytest.mark.parametrize("path", ["package:json", "~", "/"])
def test_other_paths_are_left_alone(tmp_path: Path, path: str) -> None:
    project = resolved(tmp_path / "shop", FILES, LAKE.replace("path: data", f"path: '{path}'"), ENVIRONMENT)
    assert project.stores["lake"].connection.options["path"] == path


# Jobs.


def test_a_transform_becomes_a_job_with_its_datasets(tmp_path: Path) -> None:
    load_raw = LOAD.replace("inputs: []", "inputs: [{dataset: raw}], timeout: 2m")
    job = resolved(tmp_path, *BASE, FILES, LAKE, RAW, load_raw).transforms["load"].job
    assert ([each.name for each in job.inputs], [each.name for each in job.outputs]) == (["raw"], ["users"])
    assert (job.environment, job.timeout, job.runtime) == ("dev", 120.0, "cloudquery")


def test_jobs_of_one_dbt_project_know_all_its_inputs(tmp_path: Path) -> None:
    other, made = (DATASET.replace("users", name) for name in ("orders", "made"))

    def model(name: str, reads: str, writes: str) -> str:
        spec = (
            f"runtime: dbt, dbt: {{project: models}}, inputs: [{{dataset: {reads}}}], outputs: [{{dataset: {writes}}}]"
        )
        return manifest("Transform", name, f"spec: {{{spec}}}")

    jobs = resolved(tmp_path, *BASE, other, made, model("one", "users", "orders"), model("two", "orders", "made"))
    assert [[each.name for each in found.job.context] for found in jobs.transforms.values()] == [
        ["orders", "users"]
    ] * 2


def test_a_dataset_knows_its_manifest_and_who_depends_on_it(tmp_path: Path) -> None:
    load_raw = LOAD.replace("inputs: []", "inputs: [{dataset: raw}]")
    project = resolved(tmp_path, *BASE, FILES, LAKE, RAW, load_raw)
    raw = project.datasets["raw"]
    assert raw.downstream == ("load",)
    file, line, column = project.project.where(raw.manifest).split(":")
    assert (tmp_path / file).read_text().splitlines()[int(line) - 1][int(column) - 1 :].startswith("apiVersion:")


# Tests that speak of another DataSet.


def related(to: str) -> str:
    columns = f"{{name: buyer, type: bigint, tests: [{{relationships: {{to: {to}, field: id}}}}]}}"
    return manifest("DataSet", "orders", f"spec: {{store: warehouse, table: orders, schema: [{columns}]}}")


def test_a_relationship_learns_the_table_of_the_other_dataset(tmp_path: Path) -> None:
    environment = bound("users: {table: dev.users}")
    project = resolved(tmp_path, CONNECTOR, STORE, DATASET, related("users"), environment)
    relationships = project.datasets["orders"].bound.columns[0].tests[0].relationships
    assert relationships is not None
    assert relationships.table == "dev.users"


def test_a_relationship_to_nothing_is_told_with_the_nearest(tmp_path: Path) -> None:
    found = only(list(faults(tmp_path, *BASE, related("user"))))
    assert (found.code, found.hint) == ("unknown-dataset", "did you mean 'users'?")
    assert found.path == "spec.schema[0].tests[0].relationships.to"


def test_a_relationship_across_stores_is_refused(tmp_path: Path) -> None:
    assert only(list(faults(tmp_path, *BASE, FILES, LAKE, RAW, related("raw")))).code == "other-store"
