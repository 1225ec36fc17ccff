"""`dk pipeline show` and `dk pipeline impact`."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.cli.conftest import STORE, Dk, dataset, transform
from tests.manifest.writing import CONNECTOR, HEAD, manifest, write

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
        ("", "known: load, notes, raw, report, summary, users"),
        ("table/users", "did you mean 'users'?"),
    ],
)
def test_an_unknown_dataset_names_the_nearest(dk: Dk, project: Path, name: str, fix: str) -> None:
    for code, words in ((1, ["show", "--destination", name]), (2, ["impact", name])):
        said = dk("pipeline", *words)
        assert (said.code, said.out) == (code, "")
        assert said.err == f"dk: unknown DataSet or Transform {name!r}\n  fix: {fix}\n"


@pytest.mark.parametrize(
    ("output", "first"),
    [("mermaid", "flowchart LR"), ("dot", "digraph pipeline {"), ("svg", '<svg xmlns="http://www.w3.org/2000/svg"')],
)
def test_other_formats(dk: Dk, project: Path, output: str, first: str) -> None:
    assert dk("pipeline", "show", "--output", output).out.startswith(first)


@pytest.mark.parametrize("output", ["text", "json", "mermaid", "dot", "svg"])
def test_what_could_be_read_is_drawn_and_the_errors_are_told_beside_it(dk: Dk, project: Path, output: str) -> None:
    write(project, transform("load", ["summary"], ["users"]), file="transforms/load/dk.yaml")
    write(project, HEAD + "kind: [\n", file="dataset/broken.yaml")
    write(project, manifest("DataSet", "wrong", "spec: {store: warehouse}"), file="dataset/wrong.yaml")
    said = dk("pipeline", "show", "--output", output)
    assert said.code == 0
    assert all(name in said.out for name in ("load", "report", "summary", "users"))
    assert "error[" not in said.out
    assert "error[broken-yaml]" in said.err
    assert "error[invalid-value]" in said.err
    assert "error[cycle] spec.inputs: Transforms depend on each other in a circle: load → report → load" in said.err


def test_warnings_stand_beside_the_picture(dk: Dk, project: Path) -> None:
    write(project, transform("again", [], ["users"]), file="transforms/again.yaml")
    said = dk("pipeline", "show", "--output", "json")
    assert (said.code, len(said.document["nodes"])) == (0, 7)
    assert "warning[several-writers]" in said.err


def test_impact_of_a_transform_is_what_it_writes_and_everything_after(dk: Dk, project: Path) -> None:
    document = dk("pipeline", "impact", "load", "--output", "json").document
    assert (names(document, "dataset"), names(document, "transform")) == (["summary", "users"], ["load", "report"])


def test_a_name_of_both_means_the_dataset_unless_it_says_otherwise(dk: Dk, project: Path) -> None:
    write(project, transform("users", ["raw"], ["notes"]), file="transforms/users.yaml")
    document = dk("pipeline", "impact", "users", "--output", "json").document
    assert (names(document, "dataset"), names(document, "transform")) == (["summary", "users"], ["report"])
    document = dk("pipeline", "impact", "transform/users", "--output", "json").document
    assert (names(document, "dataset"), names(document, "transform")) == (["notes"], ["users"])


def test_a_name_is_looked_for_where_it_says(dk: Dk, project: Path) -> None:
    said = dk("pipeline", "impact", "transform/reports")
    assert (said.code, said.out) == (2, "")
    assert said.err == "dk: unknown Transform 'reports'\n  fix: did you mean 'report'?\n"


def test_what_is_not_declared_is_drawn_beside_the_error(dk: Dk, project: Path) -> None:
    write(project, transform("load", ["row"], ["users"]), file="transforms/load/dk.yaml")
    said = dk("pipeline", "show", "--output", "json")
    assert (said.code, "error[unknown-dataset]" in said.err) == (0, True)
    undeclared = [node for node in said.document["nodes"] if not node.get("declared", True)]
    assert undeclared == [{"id": "dataset/row", "type": "dataset", "name": "row", "declared": False}]
    assert names(dk("pipeline", "impact", "row", "--output", "json").document, "transform") == ["load", "report"]


@pytest.mark.parametrize("words", [["show"], ["show", "--destination", "users"], ["impact", "users"]])
def test_an_empty_project_is_an_error_and_no_picture(dk: Dk, tmp_path: Path, words: list[str]) -> None:
    said = dk("pipeline", *words, tmp_path)
    assert (said.code, said.out) == (1, "")
    assert "error[empty-project]" in said.err


@pytest.mark.parametrize("output", ["text", "json", "mermaid", "dot", "svg"])
def test_files_in_any_order_and_place_give_the_same_picture(dk: Dk, tmp_path: Path, output: str) -> None:
    documents = [CONNECTOR, STORE, *(dataset(name) for name in ("a", "b", "c", "d"))]
    documents += [transform("y", ["a", "b"], ["c"]), transform("x", ["c"], ["d"]), transform("c", ["a"], ["b"])]
    pictures = set()
    for seed in range(6):
        shuffled = random.Random(seed).sample(documents, len(documents))
        for place, document in enumerate(shuffled):
            write(tmp_path / str(seed), document, file=f"{'deeper/' * (place % 3)}{place}.yaml")
        pictures.add(dk("pipeline", "show", tmp_path / str(seed), "--output", output).out)
    assert len(pictures) == 1
