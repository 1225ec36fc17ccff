"""The graph: order, cycles, several writers, groups, dangling names, and what depends on what."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from datakit_iac.findings.finding import Finding
from datakit_iac.manifest.loading.loader import read
from datakit_iac.pipeline.graph import Graph, build
from tests.manifest.writing import HEAD, manifest, only, write

Jobs = Mapping[str, tuple[Sequence[str], Sequence[str]]]
"""The names each Transform reads and writes."""


def dataset(name: str, store: str = "warehouse") -> str:
    return manifest("DataSet", name, f"spec: {{store: {store}, table: {name}}}")


def transform(name: str, reads: Sequence[str], writes: Sequence[str]) -> str:
    inputs, outputs = (", ".join(f"{{dataset: {each}}}" for each in side) for side in (reads, writes))
    return manifest("Transform", name, f"spec: {{runtime: cloudquery, inputs: [{inputs}], outputs: [{outputs}]}}")


def graph(folder: Path, jobs: Jobs, *others: str, declared: Sequence[str] = ()) -> tuple[Graph, list[Finding]]:
    names = declared or sorted({name for reads, writes in jobs.values() for name in (*reads, *writes)})
    transforms = [transform(name, reads, writes) for name, (reads, writes) in jobs.items()]
    project, found = read(write(folder, *map(dataset, names), *transforms, *others))
    assert found == []
    return build(project)


def test_each_transform_comes_after_those_it_reads_from(tmp_path: Path) -> None:
    made, found = graph(tmp_path, {"a": (["y"], ["z"]), "b": (["x"], ["y"]), "c": ([], ["x"])})
    assert (made.order, found) == (("c", "b", "a"), [])


def test_transforms_that_do_not_depend_on_each_other_come_by_name(tmp_path: Path) -> None:
    assert graph(tmp_path, {"c": ([], ["x"]), "a": ([], ["y"]), "b": ([], ["z"])})[0].order == ("a", "b", "c")


def test_the_order_of_files_does_not_matter(tmp_path: Path) -> None:
    jobs: Jobs = {"a": (["y"], ["z"]), "b": (["x"], ["y"]), "c": ([], ["x"]), "d": (["y", "x"], ["w"])}
    made = set()
    for index, names in enumerate(itertools.permutations(jobs)):
        made.add(str(graph(tmp_path / str(index), {name: jobs[name] for name in names})[0]))
    assert len(made) == 1


def test_who_reads_and_who_writes_is_known(tmp_path: Path) -> None:
    made, _ = graph(tmp_path, {"a": (["x"], ["y"]), "b": (["x", "y"], ["z"])})
    assert made.reads == {"a": ("x",), "b": ("x", "y")}
    assert made.writes == {"a": ("y",), "b": ("z",)}
    assert made.readers == {"x": ("a", "b"), "y": ("b",)}
    assert made.writers == {"y": ("a",), "z": ("b",)}


def test_downstream_is_all_that_depends_on_a_dataset_in_order(tmp_path: Path) -> None:
    made, _ = graph(tmp_path, {"z": (["a"], ["b"]), "y": (["b"], ["c"]), "x": (["c"], ["d"]), "other": ([], ["e"])})
    assert made.downstream("a") == ("z", "y", "x")
    assert made.downstream("c") == ("x",)
    assert made.downstream("e") == made.downstream("nothing") == ()


def test_several_writers_are_a_warning_and_all_come_before_the_reader(tmp_path: Path) -> None:
    made, found = graph(tmp_path, {"a": (["x"], ["y"]), "b": ([], ["x"]), "c": ([], ["x"])})
    warning = only(found)
    assert (warning.code, warning.severity) == ("several-writers", "warning")
    assert "DataSet x is written by b and c" in warning.message
    assert made.order == ("b", "c", "a")


def test_a_port_that_stands_twice_counts_once(tmp_path: Path) -> None:
    group = manifest("DataSetGroup", "both", "spec: {store: warehouse, datasets: [x, y]}")
    made, found = graph(tmp_path, {"a": (["both", "x", "y"], ["z", "z"])}, group, declared=["x", "y", "z"])
    assert (made.reads["a"], made.writes["a"], found) == (("x", "y"), ("z",), [])


def test_a_cycle_is_told_as_a_path(tmp_path: Path) -> None:
    _, found = graph(tmp_path, {"a": (["z"], ["x"]), "b": (["x"], ["y"]), "c": (["y"], ["z"])})
    cycle = only(found)
    assert (cycle.code, cycle.path) == ("cycle", "spec.inputs")
    assert cycle.message.endswith("a → b → c → a")


def test_a_transform_that_reads_what_it_writes_is_a_cycle(tmp_path: Path) -> None:
    assert only(graph(tmp_path, {"a": (["x"], ["x"])})[1]).message.endswith("a → a")


def test_every_cycle_is_told_in_one_go(tmp_path: Path) -> None:
    jobs: Jobs = {
        "a": (["y"], ["x"]),
        "b": (["x"], ["y"]),
        "c": (["w"], ["v"]),
        "d": (["v"], ["w"]),
        "e": (["e1"], ["e1"]),
        "free": (["x"], ["f"]),
    }
    made, found = graph(tmp_path, jobs)
    assert [each.message.rpartition(": ")[2] for each in found] == ["a → b → a", "c → d → c", "e → e"]
    assert sorted(made.order) == sorted(jobs)


def test_a_dangling_name_is_told_at_its_port_with_the_nearest(tmp_path: Path) -> None:
    _, found = graph(tmp_path, {"a": (["users"], ["user"])}, declared=["users"])
    dangling = only(found)
    assert (dangling.code, dangling.path) == ("unknown-dataset", "spec.outputs[0].dataset")
    assert dangling.hint == "did you mean 'users'?"
    text = (tmp_path / "project.yaml").read_text().splitlines()[dangling.line - 1]
    assert text[dangling.column - 1 :].startswith("user}")


def test_a_group_stands_for_its_members(tmp_path: Path) -> None:
    group = manifest("DataSetGroup", "both", "spec: {store: warehouse, datasets: [y, x]}")
    made, found = graph(tmp_path, {"a": ([], ["both"]), "b": (["x"], ["z"])}, group, declared=["x", "y", "z"])
    assert (made.writes["a"], made.order, found) == (("y", "x"), ("a", "b"), [])


def test_a_dangling_member_is_told_once_at_its_group(tmp_path: Path) -> None:
    group = manifest("DataSetGroup", "both", "spec: {store: warehouse, datasets: [x, yy]}")
    jobs: Jobs = {"a": ([], ["both"]), "b": (["both"], ["z"])}
    found = only(graph(tmp_path, jobs, group, declared=["x", "y", "z"])[1])
    assert (found.code, found.path, found.hint) == ("unknown-dataset", "spec.datasets[1]", "did you mean 'y'?")


def test_a_group_lies_in_one_store(tmp_path: Path) -> None:
    group = manifest("DataSetGroup", "both", "spec: {store: lake, datasets: [x]}")
    assert only(graph(tmp_path, {"a": ([], ["x"])}, group)[1]).code == "group-store"


# The same again, slowly and obviously.


def obvious_order(jobs: Jobs) -> list[str] | None:
    """Round by round, every Transform whose inputs nobody still has to write; None where that ends early."""
    left, order = set(jobs), list[str]()
    while left:
        waiting = {name for writer in left for name in jobs[writer][1]}
        ready = sorted(each for each in left if not waiting.intersection(jobs[each][0]))
        if not ready:
            return None
        order += ready
        left -= set(ready)
    return order


def obvious_downstream(jobs: Jobs, name: str) -> set[str]:
    readers = {each for each, (reads, _) in jobs.items() if name in reads}
    while more := {
        each
        for each, (reads, _) in jobs.items()
        for reader in readers
        if each not in readers and set(jobs[reader][1]) & set(reads)
    }:
        readers |= more
    return readers


@pytest.mark.parametrize("seed", range(30))
def test_random_graphs_are_as_the_obvious_way_finds_them(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    names = [f"d{index}" for index in range(chance.randint(2, 12))]
    jobs: Jobs = {
        f"t{index}": (
            chance.sample(names, chance.randint(0, min(2, len(names)))),
            chance.sample(names, chance.randint(1, 2)),
        )
        for index in range(chance.randint(1, 10))
    }
    made, found = graph(tmp_path, jobs, declared=names)
    expected = obvious_order(jobs)
    assert any(each.code == "cycle" for each in found) == (expected is None)
    assert list(made.order) == (expected or sorted(jobs))
    for name in names:
        assert set(made.downstream(name)) == obvious_downstream(jobs, name)


def test_a_document_without_transforms_has_an_empty_graph(tmp_path: Path) -> None:
    project, _ = read(write(tmp_path, HEAD + "kind: Environment\nmetadata: {name: dev}\n"))
    assert build(project) == (Graph(), [])
