"""The quarantine of a load: declared, of its own schema, in the Store of the outputs, and an output itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from datakit_iac.checks.references import references
from datakit_iac.environment.resolve import resolve
from datakit_iac.findings.finding import InvalidProjectError
from datakit_iac.manifest.loading.loader import load
from datakit_iac.pipeline.graph import build
from datakit_iac.runtimes.cloudquery.runtime import CloudQuery
from datakit_iac.runtimes.cloudquery.settings import read
from datakit_iac.runtimes.definition import definition
from tests.manifest.writing import manifest, write

SCHEMA = (
    "schema: [{name: file, type: string}, {name: line, type: bigint}, {name: column, type: string},"
    " {name: reason, type: text}, {name: raw, type: string, nullable: false}]"
)
BASE = (
    manifest("Connector", "files", "spec: {type: files, version: 1.0.0, capabilities: [source]}"),
    manifest("Connector", "duckdb", "spec: {type: duckdb, version: 1.0.0, capabilities: [source, destination]}"),
    manifest("Store", "inbox", "spec: {connector: files, connection: {path: .}}"),
    manifest("Store", "warehouse", "spec: {connector: duckdb, connection: {path: w.duckdb}}"),
    manifest("DataSet", "source", "spec: {store: inbox, prefix: a.csv}"),
    manifest("DataSet", "target", "spec: {store: warehouse, table: raw.a, schema: [{name: id, type: integer}]}"),
)


def _rejected(schema: str = SCHEMA, store: str = "warehouse") -> str:
    return manifest("DataSet", "rejected", f"spec: {{store: {store}, table: raw.rejected, {schema}}}")


def _load(on_error: str, outputs: str = "[{dataset: target}]") -> str:
    section = f"cloudquery: {{onError: {on_error}}}"
    return manifest(
        "Transform",
        "ingest",
        f"spec: {{runtime: cloudquery, inputs: [{{dataset: source}}], outputs: {outputs}, {section}}}",
    )


@pytest.mark.parametrize("outputs", ["[{dataset: target}]", "[{dataset: target}, {dataset: rejected}]"])
def test_a_quarantine_is_an_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outputs: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("id\n1\n")
    project = load(write(tmp_path, *BASE, _rejected(), _load("{quarantine: rejected, max: 0.1%}", outputs)))

    graph, findings = build(project)
    resolved = resolve(project, "dev", {})
    job = resolved.transforms["ingest"].job

    assert (graph.writes["ingest"], findings) == (("target", "rejected"), [])
    assert not [each for each in resolved.findings if each.severity == "error"]
    assert job.settings["onError"] == {"quarantine": "rejected", "max": "0.1%"}
    assert CloudQuery().check(job) == []
    assert [each.name for each in read(job).targets] == ["target", "rejected"]


def test_what_becomes_of_misfits_is_part_of_the_definition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    told = ("fail", "{quarantine: rejected}", "{quarantine: rejected, max: 5}", "{quarantine: rejected, max: '5'}")
    digests = []
    for number, each in enumerate(told):
        folder = tmp_path / str(number)
        folder.mkdir()
        resolved = resolve(load(write(folder, *BASE, _rejected(), _load(each))), "dev", {})
        digests.append(definition(resolved.transforms["ingest"].job))
    assert len(set(digests)) == 3
    assert digests[2] == digests[3]


@pytest.mark.parametrize(
    ("more", "on_error", "code", "message"),
    [
        ([], "{quarantine: rejected}", "unknown-dataset", "the quarantine 'rejected', and no such DataSet is declared"),
        (
            [_rejected("schema: [{name: file, type: string}, {name: line, type: integer}, {name: x, type: string}]")],
            "{quarantine: rejected}",
            "quarantine-schema",
            "column x is not part of it; column line is integer, expected bigint; column column is missing",
        ),
        (
            [_rejected(SCHEMA.replace("column, type: string", "column, type: string, nullable: false"))],
            "{quarantine: rejected}",
            "quarantine-schema",
            "column column is required",
        ),
        ([_rejected(store="inbox").replace("table: raw.rejected", "prefix: r")], "{quarantine: rejected}",
         "quarantine-store", "is in Store inbox, and its output target in Store warehouse"),
    ],
)  # fmt: skip
def test_a_quarantine_that_cannot_be_one_is_a_finding_with_the_fix(
    tmp_path: Path, more: list[str], on_error: str, code: str, message: str
) -> None:
    project = load(write(tmp_path, *BASE, *more, _load(on_error)))

    (found,) = references(project)

    assert (found.code, message in found.message) == (code, True), found
    assert "store" in found.hint.lower() if code == "quarantine-store" else "{name: line, type: bigint}" in found.hint


@pytest.mark.parametrize(
    ("on_error", "message"),
    [
        ("skip", "expected fail, or {quarantine: A-DATASET, max: 100}"),
        ("[rejected]", "expected fail, or {quarantine: A-DATASET, max: 100}"),
        ("{max: 5}", "quarantine is required"),
        ("{quarantine: rejected, max: many}", "'many' is not a number of records; expected for instance 100 or 0.1%"),
        ("{quarantine: rejected, max: -1}", "'-1' is not a number of records"),
        ("{quarantine: rejected, max: 101%}", "'101%' is not a number of records"),
        ("{quarantine: rejected, max: 0.5}", "'0.5' is not a number of records"),
    ],
)
def test_a_wrong_on_error_is_told_in_its_own_words(tmp_path: Path, on_error: str, message: str) -> None:
    with pytest.raises(InvalidProjectError) as invalid:
        load(write(tmp_path, *BASE, _rejected(), _load(on_error)))
    (found,) = invalid.value.findings
    assert message in found.message
    assert found.path.startswith("spec.cloudquery.onError")
