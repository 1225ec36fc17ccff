"""Bindings: whom they bind, technologies whose fields are known, and those that are missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from datakit_iac import installed
from datakit_iac.checks.support import unsupported
from datakit_iac.environment.model import ResolvedProject
from datakit_iac.environment.resolve import resolve
from datakit_iac.manifest.loading.loader import load
from datakit_iac.technologies.technology import GROUP, technologies
from tests.environment.test_resolve import BASE, FILES, LAKE, LOAD, bound
from tests.manifest.writing import CONNECTOR, DATASET, STORE, findings, manifest, only, write

SNOWFLAKE = "{type: snowflake, account: acme.us-east-1, database: RAW, schema: SECURITY, role: LOADER}"


def examined(folder: Path, *documents: str) -> ResolvedProject:
    return resolve(load(write(folder, *documents)), "dev", {})


def told(folder: Path, *documents: str) -> dict[str, tuple[str, str]]:
    """The findings: path and hint by code."""
    return {each.code: (each.path, each.hint) for each in examined(folder, *documents).findings}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def without_snowflake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its fields are known, its code is in no package."""
    names, has = installed.names, installed.has
    absent = (GROUP, "snowflake")
    monkeypatch.setattr(installed, "names", lambda group: tuple(n for n in names(group) if (group, n) != absent))
    monkeypatch.setattr(installed, "has", lambda group, name: (group, name) != absent and has(group, name))


def test_a_technology_whose_code_is_not_here_is_told_and_the_store_is_resolved_all_the_same(
    tmp_path: Path, without_snowflake: None
) -> None:
    project = examined(tmp_path, CONNECTOR, STORE, DATASET, LOAD, bound(f"warehouse: {SNOWFLAKE}"))
    found = only(list(project.findings))
    assert (found.code, found.path) == ("technology-not-installed", "bindings.warehouse.type")
    assert found.hint == f"install a technology 'snowflake', or bind warehouse to {' or '.join(technologies())}"
    store = project.stores["warehouse"]
    assert (store.connection.technology, store.connection.options["account"]) == ("snowflake", "acme.us-east-1")
    assert not store.is_installed
    assert project.datasets["users"].bound.connection == store.connection
    assert project.transforms == {}, "no job is checked on a technology that is not here"


def test_the_prefix_of_a_store_is_of_its_connection(tmp_path: Path) -> None:
    project = examined(
        tmp_path, CONNECTOR, STORE, DATASET, LOAD, bound("warehouse: {type: s3, bucket: lake, prefix: raw}")
    )
    assert project.stores["warehouse"].connection.options == {"bucket": "lake", "prefix": "raw"}


def test_a_connector_whose_technology_is_not_here_is_told_there(tmp_path: Path, without_snowflake: None) -> None:
    connector = CONNECTOR.replace("type: duckdb", "type: snowflake")
    store = STORE.replace("path: warehouse.duckdb", "account: acme, database: shop")
    found = only(list(examined(tmp_path, connector, store, manifest("Environment", "dev", "")).findings))
    assert (found.code, found.path) == ("technology-not-installed", "spec.type")


@pytest.mark.parametrize(
    ("binding", "code", "path", "hint"),
    [
        (SNOWFLAKE.replace("role", "rule"), "unknown-field", "bindings.warehouse.rule", "did you mean 'role'?"),
        (SNOWFLAKE.replace("account", "acount"), "unknown-field", "bindings.warehouse.acount",
         "did you mean 'account'?"),
        (SNOWFLAKE.replace("account: acme.us-east-1, ", ""), "missing-field", "bindings.warehouse",
         "The account's identifier."),
        ("{type: postgres, host: db, database: shop, port: '5432'}", "invalid-value", "bindings.warehouse.port", ""),
        ("{type: postgres, host: db, database: shop, sslmode: on}", "invalid-value", "bindings.warehouse.sslmode", ""),
        ("{type: duckdb, path: a.duckdb, table: a}", "unknown-field", "bindings.warehouse.table", "known: path"),
        ("{type: kafka, brokers: []}", "invalid-value", "bindings.warehouse.brokers", ""),
        ("{type: s3, buckett: raw}", "unknown-field", "bindings.warehouse.buckett", "did you mean 'bucket'?"),
        ("{type: s3, bucket: raw, secrets: {accesKeyId: '${HOME}'}}", "unknown-field",
         "bindings.warehouse.secrets.accesKeyId", "did you mean 'accessKeyId'?"),
    ],
)  # fmt: skip
def test_the_fields_of_a_well_known_technology_are_checked(
    tmp_path: Path, binding: str, code: str, path: str, hint: str
) -> None:
    assert told(tmp_path, CONNECTOR, STORE, bound(f"warehouse: {binding}"))[code] == (path, hint)


def test_an_option_is_reported_where_it_is_also_in_the_store(tmp_path: Path) -> None:
    connector = CONNECTOR.replace("type: duckdb", "type: postgres")
    store = STORE.replace("path: warehouse.duckdb", "hostt: db, database: shop")
    found = examined(tmp_path, connector, store, bound("warehouse: {host: db}")).findings
    assert {each.path for each in found if each.code == "unknown-field"} == {"spec.connection.hostt"}


def test_a_binding_of_a_store_and_a_dataset_at_once_is_told(tmp_path: Path) -> None:
    dataset = DATASET.replace("name: users", "name: warehouse")
    assert told(tmp_path, CONNECTOR, STORE, dataset, bound("warehouse: {path: x.duckdb}")) == {
        "ambiguous-binding": ("bindings.warehouse", "give the DataSet another name")
    }


def test_without_a_binding_a_store_and_a_dataset_may_share_a_name(tmp_path: Path) -> None:
    dataset = DATASET.replace("name: users", "name: warehouse")
    assert told(tmp_path, CONNECTOR, STORE, dataset, manifest("Environment", "dev", "")) == {}


def test_where_the_environment_demands_bindings_a_store_without_one_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    environment = manifest("Environment", "dev", "spec: {bindingsRequired: true}\nbindings: {lake: {path: data}}")
    found = only(list(examined(tmp_path, *BASE[:3], FILES, LAKE, environment).findings))
    assert (found.code, found.path) == ("unbound-store", "spec.bindingsRequired")
    assert found.hint == "bindings: {warehouse: {…}}"


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ("quotas: {cpu: many}", "spec.quotas.cpu"),
        ("quotas: {memory: 64GB}", "spec.quotas.memory"),
        ("quotas: {storage: '0'}", "spec.quotas.storage"),
        ("quotas: {concurrentRuns: 0}", "spec.quotas.concurrentRuns"),
        ("quotas: {transforms: -1}", "spec.quotas.transforms"),
        ("quotas: {minScheduleInterval: often}", "spec.quotas.minScheduleInterval"),
        ("lineage: {endpoint: lineage.example.com}", "spec.lineage.endpoint"),
        ("lineage: {endpoint: 'https://me:hunter2@lineage.example.com'}", "spec.lineage.endpoint"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_told(tmp_path: Path, spec: str, path: str) -> None:
    found = only(findings(tmp_path, manifest("Environment", "dev", f"spec: {{{spec}}}")))
    assert (found.code, found.path) == ("invalid-value", path)
    assert "hunter2" not in str(found)


def test_a_lineage_endpoint_is_recorded_and_said_to_be_unused(tmp_path: Path) -> None:
    spec = "spec: {lineage: {endpoint: 'https://lineage.example.com/api', namespace: shop}}"
    project = examined(tmp_path, CONNECTOR, STORE, manifest("Environment", "dev", spec))
    lineage = project.environment.spec.lineage
    assert lineage is not None
    assert (lineage.endpoint, lineage.namespace) == ("https://lineage.example.com/api", "shop")
    found = only(list(unsupported(project.project, project.environment)))
    assert (found.code, found.severity, found.path) == ("not-used", "warning", "spec.lineage")
