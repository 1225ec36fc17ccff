"""How the content of a DataSet is read: what its manifest says of that goes before its Store, and is checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from datakit_iac.environment.resolve import resolve
from datakit_iac.manifest.loading.loader import load
from datakit_iac.runtimes.definition import definition

PROJECT = """
apiVersion: datakit.infoblox.dev/v1alpha1
kind: Connector
metadata: {{name: files}}
spec: {{type: files, version: "1.0.0", capabilities: [source]}}
---
apiVersion: datakit.infoblox.dev/v1alpha1
kind: Connector
metadata: {{name: duckdb}}
spec: {{type: duckdb, version: "1.0.0", capabilities: [source, destination]}}
---
apiVersion: datakit.infoblox.dev/v1alpha1
kind: Store
metadata: {{name: inbox}}
spec: {{connector: files, connection: {{path: ., delimiter: ";", header: false}}}}
---
apiVersion: datakit.infoblox.dev/v1alpha1
kind: Store
metadata: {{name: warehouse}}
spec: {{connector: duckdb, connection: {{path: w.duckdb}}}}
---
apiVersion: datakit.infoblox.dev/v1alpha1
kind: DataSet
metadata: {{name: source}}
spec: {{store: {store}, {place}, schema: [{{name: a, type: date}}], reader: {reader}}}
---
apiVersion: datakit.infoblox.dev/v1alpha1
kind: DataSet
metadata: {{name: target}}
spec: {{store: warehouse, table: raw.a, schema: [{{name: a, type: date}}]}}
---
apiVersion: datakit.infoblox.dev/v1alpha1
kind: Transform
metadata: {{name: ingest}}
spec: {{runtime: cloudquery, inputs: [{{dataset: source}}], outputs: [{{dataset: target}}]}}
"""


def _written(folder: Path, reader: str, store: str = "inbox", place: str = "prefix: a.csv") -> Path:
    (folder / "project.yaml").write_text(PROJECT.format(reader=reader, store=store, place=place))
    return folder


def test_a_dataset_says_how_it_is_read_over_its_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    resolved = resolve(load(_written(tmp_path, '{delimiter: "|", dateFormat: "%d/%m/%Y"}')), "dev", {})

    assert not [each for each in resolved.findings if each.severity == "error"]
    options = resolved.datasets["source"].bound.options
    assert options == {"path": ".", "delimiter": "|", "header": False, "dateFormat": "%d/%m/%Y"}


@pytest.mark.parametrize(
    "reader", ['{dateFormat: "%d/%m/%Y"}', "{skip: 1}", "{encoding: latin-1}", "{nulls: [x]}", "{header: true}"]
)
def test_another_way_of_reading_is_another_definition(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: str
) -> None:
    monkeypatch.chdir(tmp_path)
    digests = {
        definition(resolve(load(_written(tmp_path, each)), "dev", {}).transforms["ingest"].job)
        for each in ("{}", reader, "{}")
    }
    assert len(digests) == 2


@pytest.mark.parametrize(
    ("reader", "message"),
    [
        ("{delimitr: x}", "unknown reader option 'delimitr'; did you mean 'delimiter'?"),
        ("{path: /etc}", "unknown reader option 'path'"),
        ("{maxRecordSize: 1}", "unknown reader option 'maxRecordSize'"),
        ("{encoding: utf-99}", "encoding is 'utf-99'; expected one such as utf-8, utf-16, latin-1 or windows-1252"),
        ("{encoding: base64}", "encoding is 'base64'; expected one such as"),
        ('{delimiter: "||"}', "delimiter is '||'; expected one character"),
        ("{quote: ab}", "quote is 'ab'; expected one character"),
        ("{header: 1}", "header is 1; expected true or false"),
        ("{skip: -1}", "skip is -1; expected how many lines to leave out"),
        ("{skip: true}", "skip is true; expected how many lines to leave out"),
        ("{decimal: comma}", "decimal is 'comma'; expected . or ,"),
        ('{thousands: "."}', "decimal and thousands are both '.'; expected two different signs"),
        ('{comment: ";"}', "comment and delimiter are both ';'"),
        ("{quote: '', escape: x}", 'escape is allowed with a quote, and quote is ""; leave escape out'),
        ("{dateFormat: DD/MM/YYYY}", "dateFormat is 'DD/MM/YYYY'; expected one with day, month and year, such as"),
        ('{dateFormat: "%d/%m"}', "dateFormat is '%d/%m'; expected one with day, month and year, such as"),
        ('{timestampFormat: "%H:%M"}', "timestampFormat is '%H:%M'; expected one with day, month and year"),
        ("{timestampFormat: 5}", "timestampFormat is 5; expected one with day"),
        ("{nulls: NA}", "nulls is 'NA'; expected a list of texts"),
    ],
)
def test_a_wrong_reader_is_a_finding_of_its_dataset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    resolved = resolve(load(_written(tmp_path, reader)), "dev", {})

    (found,) = [each for each in resolved.findings if each.severity == "error"]
    assert (found.code, found.path.rpartition(".")[0]) == ("invalid-reader", "spec.reader")
    assert found.message.startswith(f"DataSet source: {message}")


def test_a_reader_of_what_is_read_in_one_way_is_left_out_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = _written(tmp_path, "{skip: 1}", store="warehouse", place="table: raw.b")
    resolved = resolve(load(folder), "dev", {})

    found = [each for each in resolved.findings if each.path == "spec.reader"]
    assert [(each.code, each.severity) for each in found] == [("not-used", "warning")]
    assert resolved.datasets["source"].bound.reader == {}
