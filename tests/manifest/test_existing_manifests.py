"""Manifests as repositories have them load as they are: fields and spellings that are in use."""

from __future__ import annotations

from pathlib import Path

import pytest

from datakit_iac.checks.references import references
from datakit_iac.environment.resolve import resolve
from datakit_iac.findings.finding import Finding
from datakit_iac.manifest.loading.loader import load, read
from datakit_iac.manifest.values.image import Image
from tests.manifest.writing import CONNECTOR, DATASET, STORE, manifest, write

METADATA = (
    "namespace: data-platform, version: 1.2.0-rc.1, description: What it is, "
    "labels: {team: 'Data Platform', tier: Bronze Age}, annotations: {acme.com/owner: 'ann@example.com'}"
)
SPECS = {
    "Connector": "{type: duckdb, capabilities: [source]}",
    "Store": "{connector: duckdb}",
    "DataSet": "{store: warehouse, table: main.x}",
    "DataSetGroup": "{store: warehouse, datasets: [x]}",
    "Transform": "{runtime: generic-go, outputs: [{dataset: x}]}",
    "Environment": "{}",
    "Policy": "{rules: [{rule: pii-not-public}]}",
}


def found(root: Path, *documents: str) -> list[Finding]:
    project, faults = read(write(root, *documents))
    return [*faults, *references(project)]


@pytest.mark.parametrize("kind", SPECS)
def test_the_metadata_of_every_kind_takes_the_same(tmp_path: Path, kind: str) -> None:
    document = manifest(kind, f"x, {METADATA}", f"spec: {SPECS[kind]}")
    assert read(write(tmp_path, document))[1] == []


def test_a_version_of_the_metadata_is_the_version(tmp_path: Path) -> None:
    dataset = DATASET.replace("{name: users}", "{name: users, version: 2.1.0, labels: {domain: people}}")
    connector = manifest("Connector", "duckdb, version: 1.4.2", "spec: {type: duckdb, capabilities: [destination]}")
    ports = "inputs: [{tags: {domain: people}, version: ^2}], outputs: [{dataset: names}]"
    transform = manifest("Transform", "load", f"spec: {{runtime: generic-go, command: x, {ports}}}")
    environment = manifest("Environment", "dev", "spec: {connectors: [{name: duckdb, version: '1.4.x'}]}")
    names = manifest("DataSet", "names", "spec: {store: warehouse, table: main.names}")
    project = load(write(tmp_path, connector, STORE, dataset, names, transform, environment))
    assert project.connectors["duckdb"].identity == "duckdb@1.4.2"
    assert [each.code for each in resolve(project, "dev", {}).findings if each.severity == "error"] == []
    project = load(write(tmp_path, connector, STORE, dataset, names, transform.replace("^2", "^3"), environment))
    assert "unmatched-tags" in {each.code for each in resolve(project, "dev", {}).findings}


@pytest.mark.parametrize(
    ("label", "tier", "means"),
    [("gold", "", "gold"), ("Gold", "", None), ("any thing", "", None), ("gold", "tier: silver", "silver")],
)
def test_a_label_is_free_text_and_a_tier_only_where_it_says_one(
    tmp_path: Path, label: str, tier: str, means: str | None
) -> None:
    labelled = f"{{name: users, labels: {{tier: {label!r}}}}}"
    dataset = DATASET.replace("{name: users}", labelled).replace("spec:", f"spec:\n  {tier}" if tier else "spec:", 1)
    assert found(tmp_path, CONNECTOR, STORE, dataset) == []
    assert load(tmp_path).datasets["users"].tier == means


def test_a_connection_schema_may_be_a_mapping(tmp_path: Path) -> None:
    schema = "{host: {field: server, default: localhost}, path: {description: Where}, token: {secret: true}, port: }"
    spec = f"spec: {{type: duckdb, capabilities: [source], connectionSchema: {schema}}}"
    project, faults = read(write(tmp_path, manifest("Connector", "duckdb", spec)))
    assert faults == []
    fields = {each.field: each for each in project.connectors["duckdb"].spec.connection_schema}
    assert [*fields] == ["server", "path", "token", "port"]
    assert (fields["server"].default, fields["token"].secret, fields["port"].required) == ("localhost", True, True)


@pytest.mark.parametrize("provider", ["Acme", "acme.io", "acme corp", ""])
def test_a_provider_is_spelled_as_names_are(tmp_path: Path, provider: str) -> None:
    spec = f"spec: {{type: duckdb, provider: '{provider}', capabilities: [source]}}"
    (fault,) = found(tmp_path, manifest("Connector", "duckdb", spec))
    assert (fault.code, fault.path) == ("invalid-value", "spec.provider")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("${IMAGE}", ("", "${IMAGE}", "", "")),
        ("${REGISTRY}/load:${TAG}", ("", "${REGISTRY}/load", "${TAG}", "")),
        ("ghcr.io/${ORG}/load:v${MAJOR}.2", ("ghcr.io", "${ORG}/load", "v${MAJOR}.2", "")),
    ],
)
def test_an_image_may_have_variables(text: str, parts: tuple[str, ...]) -> None:
    assert tuple(Image.parse(text)) == parts


@pytest.mark.parametrize("text", ["${}", "${A B}/x", "$REGISTRY/load", "${REGISTRY/load", "${A}:", "LOAD/${A}"])
def test_what_is_no_image_with_variables_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not an image"):
        Image.parse(text)


def test_resources_may_be_flat_and_then_mean_both(tmp_path: Path) -> None:
    amounts = "{cpu: 500m, memory: 1Gi, ephemeralStorage: 2Gi}"
    spec = f"spec: {{runtime: generic-go, outputs: [{{dataset: x}}], resources: {amounts}}}"
    project, faults = read(write(tmp_path, manifest("Transform", "load", spec)))
    assert faults == []
    resources = project.transforms["load"].spec.resources
    assert resources.requests == resources.limits
    assert (resources.limits.cpu, resources.limits.ephemeral_storage) == ("500m", "2Gi")
    (fault,) = found(tmp_path, manifest("Transform", "load", spec.replace("1Gi", "much")))
    assert (fault.code, fault.path) == ("invalid-value", "spec.resources.memory")


def test_lineage_names_its_emitter_and_a_table_may_say_that_it_is_one(tmp_path: Path) -> None:
    spec = (
        "spec: {runtime: generic-go, outputs: [{dataset: users}], lineage: {enabled: true, emitter: m, namespace: n}}"
    )
    table = DATASET.replace("spec:", "spec:\n  format: table", 1)
    assert found(tmp_path, CONNECTOR, STORE, table, manifest("Transform", "load", spec)) == []
    assert load(tmp_path).datasets["users"].spec.place.format is None
    (fault,) = found(tmp_path, manifest("DataSet", "x", "spec: {store: warehouse, prefix: x.csv, format: table}"))
    assert "`format: table` needs a table" in fault.message


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("transforms/load/dbt_project.yml", "transforms/load"),
        ("transforms/dbt_project.yml", "transforms"),
        ("dbt_project.yml", "."),
        ("transforms/load/models/dbt_project.yml", "transforms/load/models"),
        ("elsewhere/dbt_project.yml", None),
    ],
)
def test_a_dbt_transform_without_a_section_has_the_nearest_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, expected: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    transform = manifest("Transform", "load", "spec: {runtime: dbt, image: dbt:1.0, outputs: [{dataset: users}]}")
    write(tmp_path, CONNECTOR, STORE, DATASET, manifest("Environment", "dev", "spec: {}"))
    write(tmp_path, transform, file="transforms/load/dk.yaml")
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text("name: shop\n")
    resolved = resolve(load(tmp_path), "dev", {})
    errors = [each for each in resolved.findings if each.severity == "error"]
    if expected is None:
        assert [(each.code, each.path) for each in errors] == [("missing-field", "spec.dbt")]
    else:
        assert errors == []
        assert resolved.transforms["load"].job.settings["project"] == expected


def test_a_label_is_free_text_also_where_yaml_reads_another_value(tmp_path: Path) -> None:
    labels = "{critical: true, year: 2024, since: 2024-01-31, ratio: 1.5, note: }"
    named = f"{{name: users, labels: {labels}, annotations: {labels}}}"
    project, found = read(write(tmp_path, DATASET.replace("{name: users}", named)))
    assert found == []
    metadata = project.datasets["users"].metadata
    assert metadata.labels == metadata.annotations == {
        "critical": "true", "year": "2024", "since": "2024-01-31", "ratio": "1.5", "note": "",
    }  # fmt: skip
