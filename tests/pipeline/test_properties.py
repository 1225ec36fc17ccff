"""Random projects: their graph is that of the slow, obvious way, and every edge can be read off the drawings."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from datakit_iac.findings.origin import Origin
from datakit_iac.manifest.models.dataset import DataSet, DataSetGroup
from datakit_iac.manifest.models.document import Manifest
from datakit_iac.manifest.models.transform import Port, Transform
from datakit_iac.manifest.project import Project
from datakit_iac.pipeline.drawing.json import as_json
from datakit_iac.pipeline.drawing.model import whole
from datakit_iac.pipeline.drawing.text import text
from datakit_iac.pipeline.graph import Graph, build
from tests.pipeline.test_drawing import read_back

NAMES = ("a", "b", "c", "d", "e", "f")
GROUPS = ("both", "three")
VERSIONS = {"1.0.0": {"^1", ">=1"}, "1.4.2": {"^1", ">=1", "^1.4"}, "2.0.0": {">=1", "2"}, None: set[str]()}
"""The ranges that each version is in."""

labels = st.fixed_dictionaries(
    {}, optional={"domain": st.sampled_from(["x", "y"]), "cell": st.sampled_from(["eu", "us"])}
)
tags = st.dictionaries(st.sampled_from(["domain", "tier"]), st.sampled_from(["x", "y", "gold"]), min_size=1)
further = st.fixed_dictionaries(
    {}, optional={"version": st.sampled_from(["^1", ">=1", "^1.4", "2"]), "cell": st.sampled_from(["eu", "us"])}
)
named = st.fixed_dictionaries({"dataset": st.sampled_from([*NAMES, *GROUPS])})
ports = st.builds(
    lambda meant, more: {**meant, **more}, named | st.fixed_dictionaries({"tags": tags}), st.just({}) | further
)


@st.composite
def projects(draw: st.DrawFn) -> Project:
    """DataSets that are declared or not, groups, and Transforms with ports of every form."""
    datasets, groups, transforms = {}, {}, {}
    for name in sorted(draw(st.sets(st.sampled_from(NAMES)))):
        spec: dict[str, Any] = {"store": "s", "table": name, "version": draw(st.sampled_from(list(VERSIONS)))}
        spec["tier"] = draw(st.sampled_from([None, "gold"]))
        datasets[name] = DataSet.model_validate({"metadata": {"name": name, "labels": draw(labels)}, "spec": spec})
    for name in sorted(draw(st.sets(st.sampled_from(GROUPS)))):
        members = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3))
        groups[name] = DataSetGroup.model_validate(
            {"metadata": {"name": name}, "spec": {"store": "s", "datasets": members}}
        )
    for name in sorted(draw(st.sets(st.sampled_from(["a", "b", "t", "u", "v", "w"])))):
        sides = {"inputs": draw(st.lists(ports, max_size=3)), "outputs": draw(st.lists(ports, min_size=1, max_size=2))}
        spec = {"runtime": "cloudquery", **sides}
        transforms[name] = Transform.model_validate({"metadata": {"name": name}, "spec": spec})
    manifests: list[Manifest] = [*datasets.values(), *groups.values(), *transforms.values()]
    origins = {(each.kind, each.identity): Origin(os.devnull, 0) for each in manifests}
    return Project(Path(), datasets=datasets, groups=groups, transforms=transforms, origins=origins)


def fits(dataset: DataSet, port: Port) -> bool:
    is_version = not port.version or port.version in VERSIONS[dataset.spec.version]
    return is_version and (port.cell is None or dataset.metadata.labels.get("cell") == port.cell)


def meant(project: Project, port: Port) -> list[str]:
    if port.dataset is not None:
        group = project.groups.get(port.dataset)
        return list(group.spec.datasets) if group else [port.dataset]
    found = []
    for name, dataset in project.datasets.items():
        all_labels = {**dataset.metadata.labels, **({"tier": dataset.spec.tier} if dataset.spec.tier else {})}
        if all(all_labels.get(key) == value for key, value in (port.tags or {}).items()) and fits(dataset, port):
            found.append(name)
    return found


def obvious_edges(project: Project) -> set[tuple[str, str]]:
    edges = set()
    for name, transform in project.transforms.items():
        for port in transform.spec.inputs:
            edges |= {(f"dataset/{each}", f"transform/{name}") for each in meant(project, port)}
        for port in transform.spec.outputs:
            edges |= {(f"transform/{name}", f"dataset/{each}") for each in meant(project, port)}
    return edges


def reached(edges: set[tuple[str, str]], start: str) -> set[str]:
    """Everything that a path of at least one edge leads to."""
    found = {end for begin, end in edges if begin == start}
    while more := {end for begin, end in edges if begin in found} - found:
        found |= more
    return found


def edges_of(graph: Graph) -> set[tuple[str, str]]:
    inward = {(f"dataset/{each}", f"transform/{name}") for name, reads in graph.reads.items() for each in reads}
    return inward | {
        (f"transform/{name}", f"dataset/{each}") for name, writes in graph.writes.items() for each in writes
    }


@settings(deadline=None)
@given(projects())
def test_the_graph_is_the_one_built_the_obvious_way(project: Project) -> None:
    graph, findings = build(project)
    edges = obvious_edges(project)
    assert edges_of(graph) == edges
    assert {(f"dataset/{a}", f"transform/{b}") for a, readers in graph.readers.items() for b in readers} | {
        (f"transform/{b}", f"dataset/{a}") for a, writers in graph.writers.items() for b in writers
    } == edges
    after = {name: reached(edges, f"transform/{name}") for name in project.transforms}
    is_circular = any(f"transform/{name}" in after[name] for name in project.transforms)
    assert any(found.code == "cycle" for found in findings) == is_circular
    assert sorted(graph.order) == sorted(project.transforms)
    if not is_circular:
        places = {f"transform/{name}": place for place, name in enumerate(graph.order)}
        assert all(
            places[each] > places[f"transform/{name}"] for name in after for each in after[name] if each in places
        )
    for name in NAMES:
        expected = {each for each in reached(edges, f"dataset/{name}") if each.startswith("transform/")}
        assert {f"transform/{each}" for each in graph.downstream(name)} == expected


@settings(deadline=None)
@given(projects())
def test_faults_are_those_found_the_obvious_way(project: Project) -> None:
    expected = []
    for group in project.groups.values():
        expected += ["unknown-dataset" for name in group.spec.datasets if name not in project.datasets]
    for transform in project.transforms.values():
        for port in (*transform.spec.inputs, *transform.spec.outputs):
            names = meant(project, port)
            if port.tags is not None:
                expected += [] if names else ["unmatched-tags"]
            elif port.dataset not in project.datasets and port.dataset not in project.groups:
                expected.append("unknown-dataset")
            for dataset in (project.datasets[name] for name in names if name in project.datasets):
                if not fits(dataset, port):
                    is_version = not port.version or port.version in VERSIONS[dataset.spec.version]
                    expected.append("port-cell" if is_version else "port-version")
    edges = obvious_edges(project)
    writers = [end for begin, end in edges if begin.startswith("transform/")]
    expected += ["several-writers" for name in project.datasets if writers.count(f"dataset/{name}") > 1]
    assert sorted(found.code for found in build(project)[1] if found.code != "cycle") == sorted(expected)


@settings(deadline=None)
@given(projects())
def test_every_node_and_edge_can_be_read_off_the_drawings(project: Project) -> None:
    drawing = whole(project, build(project)[0])
    edges = obvious_edges(project)
    assert read_back(text(drawing)) == edges
    document = json.loads(as_json(drawing))
    assert [(each["from"], each["to"]) for each in document["edges"]] == list(
        dict.fromkeys((each["from"], each["to"]) for each in document["edges"])
    ), "each of them once"
    assert {(each["from"], each["to"]) for each in document["edges"]} == edges
    declared = {f"dataset/{name}": True for name in project.datasets}
    named = {end: False for edge in edges for end in edge if end.startswith("dataset/")}
    assert {each["id"]: each["declared"] for each in document["nodes"] if each["type"] == "dataset"} == named | declared
