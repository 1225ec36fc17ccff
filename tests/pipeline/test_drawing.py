"""Drawings: every edge can be read back off each of them, and none grows faster than the pipeline."""

from __future__ import annotations

import json
import os
import random
import re
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from datakit_iac.findings.origin import Origin
from datakit_iac.manifest.models.dataset import DataSet
from datakit_iac.manifest.models.transform import Port, Transform
from datakit_iac.manifest.project import Project
from datakit_iac.pipeline.drawing.dot import dot
from datakit_iac.pipeline.drawing.json import as_json
from datakit_iac.pipeline.drawing.mermaid import mermaid
from datakit_iac.pipeline.drawing.model import Drawing, Node, depending_on, leading_to, whole
from datakit_iac.pipeline.drawing.svg import svg
from datakit_iac.pipeline.drawing.text import text
from datakit_iac.pipeline.graph import Graph, build

Jobs = dict[str, tuple[list[str], list[str]]]
Edges = set[tuple[str, str]]


def project(jobs: Jobs, *others: str, undeclared: Collection[str] = ()) -> Project:
    """A project without files: its DataSets are those that are named."""
    names = sorted({*others, *(name for reads, writes in jobs.values() for name in (*reads, *writes))})
    spec = {"store": "warehouse", "table": "t"}
    declared = (name for name in names if name not in undeclared)
    datasets = {name: DataSet.model_validate({"metadata": {"name": name}, "spec": spec}) for name in declared}
    transforms = {}
    for name, (reads, writes) in sorted(jobs.items()):
        inputs, outputs = ([Port(dataset=each) for each in side] for side in (reads, writes))
        body = {"runtime": "cloudquery", "inputs": inputs, "outputs": outputs}
        transforms[name] = Transform.model_validate({"metadata": {"name": name}, "spec": body})
    nowhere = Origin(os.devnull, 0)
    origins = {(each.kind, each.name): nowhere for each in (*datasets.values(), *transforms.values())}
    return Project(Path(), datasets=datasets, transforms=transforms, origins=origins)


def drawn(jobs: Jobs, *others: str) -> Drawing:
    made = project(jobs, *others)
    return whole(made, build(made)[0])


def edges_of(jobs: Jobs) -> Edges:
    inward = {(f"dataset/{each}", f"transform/{name}") for name, (reads, _) in jobs.items() for each in reads}
    outward = {(f"transform/{name}", f"dataset/{each}") for name, (_, writes) in jobs.items() for each in writes}
    return inward | outward


def random_jobs(seed: int) -> Jobs:
    """Transforms that read what earlier ones wrote: fans, joins, names that are shared, several writers."""
    chosen, jobs, names = random.Random(seed), Jobs(), ["t0", "source"]
    for index in range(chosen.randint(1, 12)):
        reads = chosen.sample(names, chosen.randint(0, min(7, len(names))))
        writes = [f"d{index}-{each}" for each in range(chosen.randint(1, 7))]
        jobs[f"t{index}"] = (reads, writes)
        names += writes
    return jobs


# Reading a text drawing back, by nothing but its lines.

_ROW = re.compile(
    r"^(?P<number> *\d+| +)  (?:(?P<into>[a-z][\w-]*)(?: \(not declared\))?(?: \[[\d, …]+\])? ─+[┐┘┤┼┴┬─])?"
    r" *(?:─▶ )?(?:(?P<name>[a-z][\w-]*) \(\w+\))?[ ─]*(?:[┌└├┼┴┬─]─▶ (?P<out>[a-z][\w-]*)(?: \(not declared\))?)?$"
)


def read_back(drawing: str) -> Edges:
    found: Edges = set()
    inputs: list[str] = []
    outputs: list[str] = []
    name = ""

    def close() -> None:
        found.update((f"dataset/{each}", f"transform/{name}") for each in inputs)
        found.update((f"transform/{name}", f"dataset/{each}") for each in outputs)
        inputs.clear()
        outputs.clear()

    for line in drawing.splitlines()[:-2]:
        row = _ROW.match(line) if line else None
        assert row or not line, f"cannot be read: {line!r}"
        if row is None:
            continue
        if row["number"].strip():
            close()
        name = row["name"] or name
        inputs += [row["into"]] if row["into"] else []
        outputs += [row["out"]] if row["out"] else []
    close()
    return found


@pytest.mark.parametrize("seed", range(40))
def test_every_edge_can_be_read_off_the_text(seed: int) -> None:
    jobs = random_jobs(seed)
    assert read_back(text(drawn(jobs))) == edges_of(jobs)


@pytest.mark.parametrize("seed", range(10))
def test_every_edge_stands_in_every_other_format(seed: int) -> None:
    jobs = random_jobs(seed)
    drawing, expected = drawn(jobs), edges_of(jobs)
    document = json.loads(as_json(drawing))
    assert {(each["from"], each["to"]) for each in document["edges"]} == expected
    assert set(re.findall(r'data-from="(\S+)" data-to="(\S+)"', svg(drawing))) == expected
    assert set(re.findall(r'"(\S+)" -> "(\S+)"', dot(drawing))) == expected
    flat = {tuple(re.sub("[/-]", "_", end) for end in edge) for edge in expected}
    assert set(re.findall(r"(\S+) --> (\S+)", mermaid(drawing))) == flat


@pytest.mark.parametrize("render", [text, as_json, dot, mermaid, svg])
def test_the_order_of_manifests_does_not_matter(render: Callable[[Drawing], str]) -> None:
    jobs = random_jobs(3)
    backwards = dict(reversed(jobs.items()))
    assert render(drawn(jobs)) == render(drawn(backwards))


def test_the_text_of_a_join_and_a_fan() -> None:
    jobs: Jobs = {
        "load": (["raw"], ["a", "b-long"]),
        "copy": (["a"], ["c"]),
        "join": (["a", "b-long", "c"], ["result"]),
        "make": ([], ["d"]),
    }
    assert text(drawn(jobs, "nobody")).splitlines() == [
        "1  raw ──────────▶ load (cloudquery) ─┬─▶ a",
        "                                      └─▶ b-long",
        "",
        "2                  make (cloudquery) ───▶ d",
        "3  a [1] ────────▶ copy (cloudquery) ───▶ c",
        "",
        "4  a [1] ──────┐",
        "   b-long [1] ─┼─▶ join (cloudquery) ───▶ result",
        "   c [3] ──────┘",
        "",
        "In no Transform: nobody",
        "4 Transforms, 7 DataSets, 10 edges",
    ]


def test_a_dataset_and_a_transform_of_one_name_are_two_nodes() -> None:
    document = json.loads(as_json(drawn({"users": (["raw"], ["users"])})))
    assert [each["id"] for each in document["nodes"]] == ["dataset/raw", "dataset/users", "transform/users"]
    assert document["order"] == ["transform/users"]


def test_nodes_say_what_they_are() -> None:
    assert json.loads(as_json(drawn({"load": ([], ["users"])})))["nodes"] == [
        {"id": "dataset/users", "type": "dataset", "name": "users", "declared": True, "store": "warehouse"},
        {
            "id": "transform/load",
            "type": "transform",
            "name": "load",
            "runtime": "cloudquery",
            "mode": "batch",
            "trigger": "on-change",
        },
    ]


CHAIN: Jobs = {"a": (["x", "side"], ["y", "waste"]), "b": (["y", "other"], ["z"]), "c": (["z"], ["end"])}


def test_what_leads_to_a_dataset() -> None:
    made = project(CHAIN, "alone")
    part = leading_to(made, build(made)[0], Node("dataset", "z"))
    assert list(part.transforms) == ["a", "b"]
    assert list(part.datasets) == ["other", "side", "x", "y", "z"]
    assert read_back(text(part).replace("… 1 more", "waste")) == edges_of({"a": CHAIN["a"], "b": CHAIN["b"]})


def test_what_depends_on_a_dataset() -> None:
    made = project(CHAIN)
    part = depending_on(made, build(made)[0], Node("dataset", "y"))
    assert list(part.transforms) == ["b", "c"]
    assert list(part.datasets) == ["end", "y", "z"]
    assert "… 1 more" in text(part), "what else is read is not passed over in silence"


def test_selection_ends_where_there_is_a_cycle() -> None:
    made = project({"a": (["y"], ["x"]), "b": (["x"], ["y"])})
    graph = build(made)[0]
    ends = leading_to(made, graph, Node("dataset", "x")), depending_on(made, graph, Node("dataset", "x"))
    assert [list(each.transforms) for each in ends] == [["a", "b"], ["a", "b"]]


def test_many_transforms_take_a_line_each() -> None:
    jobs: Jobs = {f"t{index}": ([f"in{index}"], [f"out{index}"]) for index in range(3000)}
    lines = text(drawn(jobs)).splitlines()
    assert len(lines) == 3000 + 2
    assert max(map(len, lines)) < 60


class Watched(str):
    """A name each of whose comparisons is a call, so that looking through a list is as many as the list is long."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return str.__eq__(self, other)

    def __hash__(self) -> int:
        return str.__hash__(self)


def watched(value: Any) -> Any:
    """The same value with all its names watched."""
    if isinstance(value, str):
        return Watched(value)
    if isinstance(value, tuple):
        return tuple(map(watched, value))
    if isinstance(value, Mapping):
        return {watched(key): watched(each) for key, each in value.items()}
    if isinstance(value, (Drawing, Graph)):
        return replace(value, **{each.name: watched(getattr(value, each.name)) for each in fields(value)})
    return value


def tangle(number: int) -> Drawing:
    """Transforms in a chain that also read a DataSet of all, one that the first wrote, and all write one DataSet."""
    jobs = {
        f"t{index:05}": (["all", "d0", f"d{index}", f"own{index}"], [f"d{index + 1}", "log"]) for index in range(number)
    }
    return drawn(jobs)


def counted(render: Callable[[Drawing], str], drawing: Drawing) -> tuple[int, str]:
    """How many functions are called, ours and the interpreter's, while a drawing is made; and the drawing."""
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        made = render(drawing)
    finally:
        sys.setprofile(before)
    return calls, made


@pytest.mark.slow
@pytest.mark.parametrize("render", [text, as_json, dot, mermaid])
def test_ten_times_the_nodes_are_ten_times_the_work(render: Callable[[Drawing], str]) -> None:
    (few, small), (many, large) = (counted(render, watched(tangle(number))) for number in (1_000, 10_000))
    assert few > 10_000
    assert many < 10.2 * few
    assert large.count("\n") < 10.2 * small.count("\n")
    assert len(large) < 11.5 * len(small), "numbers have a digit more"


def test_the_text_of_a_hundred_nodes_fits_a_screen_s_width() -> None:
    lines = text(tangle(25)).splitlines()
    assert len(lines) < 5 * 25 + 5
    assert max(map(len, lines)) < 80
    assert lines[4:8] == [
        " 2  all ──────┐",
        "    d0 ───────┼─▶ t00001 (cloudquery) ─┬─▶ d2",
        "    d1 [1] ───┤                        └─▶ log",
        "    own1 ─────┘",
    ]


def test_many_writers_of_one_dataset_are_named_in_short() -> None:
    jobs: Jobs = {f"w{index}": ([], ["x"]) for index in range(50)} | {"reader": (["x"], ["y"])}
    made = project(jobs)
    graph = build(made)[0]
    assert "x [1, 2, …] ─" in text(whole(made, graph))


def test_nothing_gives_a_picture_of_nothing() -> None:
    assert text(drawn({})) == "0 Transforms, 0 DataSets, 0 edges"
    assert json.loads(as_json(drawn({}))) == {"nodes": [], "edges": [], "order": []}
    assert text(drawn({}, "x")) == "In no Transform: x\n0 Transforms, 1 DataSet, 0 edges"


def test_what_leads_to_a_transform_ends_with_it() -> None:
    made = project(CHAIN)
    part = leading_to(made, build(made)[0], Node("transform", "b"))
    assert (list(part.transforms), list(part.datasets)) == (["a", "b"], ["other", "side", "x", "y"])


def test_what_depends_on_a_transform_begins_with_what_it_writes() -> None:
    made = project(CHAIN)
    part = depending_on(made, build(made)[0], Node("transform", "b"))
    assert (list(part.transforms), list(part.datasets)) == (["b", "c"], ["end", "z"])


def test_what_is_not_declared_is_drawn_and_marked() -> None:
    made = project({"load": (["raw"], ["users"])}, undeclared=["raw"])
    drawing = whole(made, build(made)[0])
    assert text(drawing).startswith("1  raw (not declared) ───▶ load (cloudquery) ───▶ users\n")
    assert json.loads(as_json(drawing))["nodes"][0] == {
        "id": "dataset/raw", "type": "dataset", "name": "raw", "declared": False
    }  # fmt: skip
    assert "not declared" in dot(drawing)
    assert ":::undeclared" in mermaid(drawing)
    assert 'class="dataset undeclared"' in svg(drawing)
