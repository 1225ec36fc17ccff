"""`dk pipeline show` and `dk pipeline impact`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Dk, transform
from tests.manifest.writing import manifest, write

REPOSITORY = Path(__file__).parents[2]


def names(document: dict[str, list[dict[str, str]]], kind: str) -> list[str]:
    return [node["name"] for node in document["nodes"] if node["type"] == kind]


def test_the_example_is_drawn(dk: Dk) -> None:
    said = dk("pipeline", "show", REPOSITORY / "examples" / "flights")
    assert (said.code, said.err) == (0, "")
    assert "planes-csv ───────┼─▶ ingest (cloudquery) ─┼─▶ planes\n" in said.out
    assert said.out.endswith("3 Transforms, 21 DataSets, 31 edges\n")


def test_json_has_nodes_edges_and_order(dk: Dk, project: Path) -> None:
    document = dk("pipeline", "show", "--output", "json").document
    assert names(document, "dataset") == ["notes", "raw", "summary", "users"]
    assert names(document, "transform") == ["load", "report"]
    assert document["order"] == ["transform/load", "transform/report"]
    assert document["edges"] == [
        {"from": "dataset/raw", "to": "transform/load"},
        {"from": "transform/load", "to": "dataset/users"},
        {"from": "dataset/users", "to": "transform/report"},
        {"from": "transform/report", "to": "dataset/summary"},
    ]


def test_a_destination_leaves_out_what_does_not_lead_there(dk: Dk, project: Path) -> None:
    document = dk("pipeline", "show", "--destination", "users", "--output", "json").document
    assert (names(document, "dataset"), names(document, "transform")) == (["raw", "users"], ["load"])


def test_impact_is_everything_downstream(dk: Dk, project: Path) -> None:
    document = dk("pipeline", "impact", "users", "--output", "json").document
    assert (names(document, "dataset"), names(document, "transform")) == (["summary", "users"], ["report"])
    assert dk("pipeline", "impact", "summary").out == "nothing depends on summary\n"


def test_a_group_stands_for_its_members(dk: Dk, project: Path) -> None:
    write(project, manifest("DataSetGroup", "both", "spec: {store: warehouse, datasets: [raw, notes]}"), file="g.yaml")
    document = dk("pipeline", "impact", "both", "--output", "json").document
    assert names(document, "transform") == ["load", "report"]


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("user", "did you mean 'users'?"),
        ("load", "load is a Transform; it writes users"),
        ("", "known: notes, raw, summary, users"),
    ],
)
def test_an_unknown_dataset_names_the_nearest(dk: Dk, project: Path, name: str, fix: str) -> None:
    for words in (["show", "--destination", name], ["impact", name]):
        said = dk("pipeline", *words)
        assert (said.code, said.out) == (2, "")
        assert said.err == f"dk: there is no DataSet {name!r} here\n  fix: {fix}\n"


@pytest.mark.parametrize(("output", "first"), [("mermaid", "flowchart LR"), ("dot", "digraph pipeline {")])
def test_other_formats(dk: Dk, project: Path, output: str, first: str) -> None:
    assert dk("pipeline", "show", "--output", output).out.startswith(f"{first}\n")


def test_a_project_with_errors_has_no_picture_and_says_why(dk: Dk, project: Path) -> None:
    write(project, transform("load", ["summary"], ["users"]), file="transforms/load/dk.yaml")
    said = dk("pipeline", "show", "--output", "json")
    assert (said.code, said.out) == (1, "")
    assert "error[cycle] spec.inputs: Transforms depend on each other in a circle: load → report → load" in said.err


def test_warnings_stand_beside_the_picture(dk: Dk, project: Path) -> None:
    write(project, transform("again", [], ["users"]), file="transforms/again.yaml")
    said = dk("pipeline", "show", "--output", "json")
    assert (said.code, len(said.document["nodes"])) == (0, 7)
    assert "warning[several-writers]" in said.err
