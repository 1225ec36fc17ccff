"""Ports: by name or by tags, with versions and cells."""

from __future__ import annotations

from pathlib import Path

import pytest

from datakit_iac.findings.finding import Finding
from datakit_iac.manifest.loading.loader import read
from datakit_iac.pipeline.graph import Graph, build
from tests.manifest.writing import HEAD, findings, manifest, only, write


def dataset(name: str, labels: str = "", spec: str = "") -> str:
    return (
        f"{HEAD}kind: DataSet\nmetadata: {{name: {name}, labels: {{{labels}}}}}\n"
        f"spec: {{store: warehouse, table: {name}{spec}}}\n"
    )


DATASETS = (
    dataset("users", "domain: people, cell: eu", ", version: 1.4.2, tier: silver"),
    dataset("orders", "domain: sales", ", version: 2.0.0, tier: silver, classification: internal"),
    dataset("events", "domain: sales, tier: bronze"),
    dataset("result"),
    manifest("DataSetGroup", "both", "spec: {store: warehouse, datasets: [users, orders]}"),
)


def transform(port: str, side: str = "inputs") -> str:
    ports = {"inputs": "", "outputs": "{dataset: result}"} | {side: port}
    return manifest(
        "Transform", "job", f"spec: {{runtime: cloudquery, inputs: [{ports['inputs']}], outputs: [{ports['outputs']}]}}"
    )


def graph(folder: Path, port: str, side: str = "inputs") -> tuple[Graph, list[Finding]]:
    project, found = read(write(folder, *DATASETS, transform(port, side)))
    assert found == []
    return build(project)


@pytest.mark.parametrize(
    ("port", "names"),
    [
        ("{tags: {domain: sales}}", ("events", "orders")),
        ("{tags: {domain: sales, tier: silver}}", ("orders",)),
        ("{tags: {tier: silver}}", ("orders", "users")),
        ("{tags: {tier: bronze}}", ("events",)),
        ("{tags: {classification: internal}}", ("orders",)),
        ("{tags: {tier: silver}, version: ^1}", ("users",)),
        ("{tags: {tier: silver}, version: '>=1,<3'}", ("orders", "users")),
        ("{tags: {tier: silver}, cell: eu}", ("users",)),
        ("{dataset: users, version: ~1.4, cell: eu}", ("users",)),
        ("{dataset: both, version: '>=1.4'}", ("users", "orders")),
        ("{tags: {domain: sales}}, {dataset: orders}, {dataset: users}", ("events", "orders", "users")),
    ],
)
def test_a_port_stands_for(tmp_path: Path, port: str, names: tuple[str, ...]) -> None:
    made, found = graph(tmp_path, port)
    assert (made.reads["job"], found, made.incomplete) == (names, [], frozenset())


def test_an_output_by_tags_writes_every_match(tmp_path: Path) -> None:
    made, found = graph(tmp_path, "{tags: {domain: sales}}", "outputs")
    assert (made.writes["job"], found) == (("events", "orders"), [])
    assert made.writers == {"events": ("job",), "orders": ("job",)}


@pytest.mark.parametrize(
    ("port", "message", "hint"),
    [
        ("{tags: {domain: sale}}", "no DataSet has the label domain: sale", "domain: did you mean 'sales'?"),
        ("{tags: {domian: sales}}", "no DataSet has the label domian: sales", "did you mean 'domain'?"),
        (
            "{tags: {domain: people, tier: bronze}}",
            "no DataSet has the labels domain: people and tier: bronze",
            "every one of them is the label of a DataSet, and no DataSet has them all",
        ),
        (
            "{tags: {tier: silver}, version: ^3}",
            "no DataSet with tier: silver has version ^3",
            "with these tags: orders 2.0.0, users 1.4.2 in cell eu",
        ),
        (
            "{tags: {domain: people}, cell: us}",
            "no DataSet with domain: people has cell us",
            "with these tags: users 1.4.2 in cell eu",
        ),
    ],
)
def test_tags_that_match_nothing_are_an_error(tmp_path: Path, port: str, message: str, hint: str) -> None:
    made, found = graph(tmp_path, port)
    unmatched = only(found)
    assert (unmatched.code, unmatched.path) == ("unmatched-tags", "spec.inputs[0].tags")
    assert unmatched.message == f"Transform job names its DataSets by tags, and {message}"
    assert unmatched.hint == hint
    assert (made.reads["job"], list(made.incomplete)) == ((), ["job"])


def test_tags_may_match_a_dataset_that_is_broken(tmp_path: Path) -> None:
    write(tmp_path, *DATASETS, transform("{tags: {domain: weather}}"))
    write(tmp_path, dataset("rain", "domain: weather", ", tier: iron"), file="rain.yaml")
    project, found = read(tmp_path)
    assert only(found).path == "spec.tier"
    made, found = build(project)
    assert (found, list(made.incomplete)) == ([], ["job"])


@pytest.mark.parametrize(
    ("port", "code", "message"),
    [
        ("{dataset: users, version: ^2}", "port-version", "DataSet users has version 1.4.2; Transform job expects ^2"),
        ("{dataset: events, version: ^2}", "port-version", "DataSet events has no version; Transform job expects ^2"),
        ("{dataset: both, version: ^1}", "port-version", "DataSet orders has version 2.0.0; Transform job expects ^1"),
        ("{dataset: users, cell: us}", "port-cell", "DataSet users has cell eu; Transform job expects us"),
        ("{dataset: orders, cell: us}", "port-cell", "DataSet orders has no cell; Transform job expects us"),
    ],
)
def test_a_dataset_that_does_not_fit_is_an_error(tmp_path: Path, port: str, code: str, message: str) -> None:
    found = only(graph(tmp_path, port)[1])
    assert (found.code, found.message) == (code, message)
    assert found.path == f"spec.inputs[0].{code.removeprefix('port-')}"


@pytest.mark.parametrize(
    ("port", "said"),
    [
        ("{dataset: users, tags: {a: b}}", "exactly one of dataset and tags is expected, found both"),
        ("{version: ^1}", "exactly one of dataset and tags is expected, found none of them"),
        (
            "{dataset: users, version: newest}",
            "'newest' is not a version range; expected e.g. 1.4.2, ^1.4, 1.x, >=1.4,<2 or ^1.4 || ^2",
        ),
        ("{tags: {}}", "found a mapping"),
        ("{tags: {pii: true}}", "found true; expected text"),
    ],
)
def test_a_port_that_says_too_much_or_too_little_is_refused(tmp_path: Path, port: str, said: str) -> None:
    found = only(findings(tmp_path, *DATASETS, transform(port)))
    assert found.code == "invalid-value"
    assert said in found.message
