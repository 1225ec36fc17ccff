"""The graph of DataSets and Transforms: who reads and writes what, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from datakit_iac.findings.finding import Finding
from datakit_iac.findings.nearest import nearest
from datakit_iac.manifest.project import Project
from datakit_iac.pipeline.ports import Ports, of_transform

if TYPE_CHECKING:
    from datakit_iac.manifest.models.dataset import DataSet


@dataclass(frozen=True, slots=True)
class Graph:
    """What emerges from the ports of the Transforms.

    Attributes:
        reads: the DataSets each Transform reads, groups and tags resolved, in the order of its manifest; those that
            are not declared are among them.
        writes: the DataSets each Transform writes.
        readers: the Transforms that read each DataSet, by name.
        writers: the Transforms that write each DataSet, by name.
        order: all Transforms, each after those whose outputs it reads; the same whatever the order of files.
        incomplete: the Transforms with a port that stands for nothing.
        references: the DataSets of others that tests of a Transform's outputs compare them with, by Transform; it comes
            after what writes those.
    """

    reads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    writes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    readers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    writers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    incomplete: frozenset[str] = frozenset()
    references: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def datasets(self) -> set[str]:
        """Every DataSet that a Transform reads or writes, declared or not."""
        return {*self.readers, *self.writers}

    def downstream(self, dataset: str) -> tuple[str, ...]:
        """The Transforms that depend on a DataSet, directly or through others, in order."""
        reached: set[str] = set()
        waiting = list(self.readers.get(dataset, ()))
        while waiting:
            transform = waiting.pop()
            if transform not in reached:
                reached.add(transform)
                waiting += [reader for name in self.writes[transform] for reader in self.readers.get(name, ())]
        return tuple(name for name in self.order if name in reached) if reached else ()


def build(project: Project) -> tuple[Graph, list[Finding]]:
    """The graph of a project, and what is wrong with its edges: dangling names, cycles, several writers."""
    findings: list[Finding] = [*_groups(project)]
    reads, writes, incomplete = _edges(project, findings)
    readers, writers = _inverted(reads), _inverted(writes)
    findings += _several_writers(project, writers)
    references = dict(_references(project, writes))
    before = {
        name: {writer for each in (*reads[name], *references.get(name, ())) for writer in writers.get(each, ())}
        for name in sorted(reads)
    }
    try:
        order = tuple(_sorted(before))
    except CycleError:
        order = tuple(sorted(reads))
        findings += _cycles(project, before)
    return Graph(reads, writes, readers, writers, order, frozenset(incomplete), references), findings


_Edges = dict[str, tuple[str, ...]]


def _edges(project: Project, findings: list[Finding]) -> tuple[_Edges, _Edges, set[str]]:
    """What each Transform reads and writes, and the Transforms with a port that stands for nothing."""
    ports, incomplete = Ports(project), set[str]()
    reads, writes = _Edges(), _Edges()
    for name, transform in project.transforms.items():
        found: dict[str, dict[str, None]] = {"inputs": {}, "outputs": {}}
        for side, index, port in of_transform(transform):
            if plain := ports.plain(port):
                found[side][plain] = None
                continue
            findings += ports.faults(transform, side, index, port)
            names = ports.names(port)
            found[side].update(dict.fromkeys(names))
            if not names:
                incomplete.add(name)
        if (section := transform.spec.section) and not isinstance(section, dict):
            found["outputs"].update(dict.fromkeys(section.writes))
        reads[name], writes[name] = tuple(found["inputs"]), tuple(found["outputs"])
    return reads, writes, incomplete


def _references(project: Project, writes: _Edges) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The DataSets that `relationships` tests of outputs name, those left out that the same Transform writes."""
    named = {name: found for name, dataset in project.datasets.items() if (found := _compared_with(dataset))}
    if not named:
        return
    for transform, outputs in writes.items():
        compared = dict.fromkeys(each for output in outputs for each in named.get(output, ()))
        if others := tuple(each for each in compared if each not in outputs and each in project.datasets):
            yield transform, others


def _compared_with(dataset: DataSet) -> list[str]:
    tests = (test for column in dataset.spec.columns for test in column.tests)
    return [test.relationships.to for test in tests if test.relationships]


def _groups(project: Project) -> Iterator[Finding]:
    """Members of groups that are not declared, or are in another Store than their group."""
    for group in project.groups.values():
        for index, name in enumerate(group.spec.datasets):
            path = ("spec", "datasets", index)
            member = project.datasets.get(name)
            if member is None and project.is_broken(name, "DataSet"):
                continue
            if member is None:
                message = f"DataSetGroup {group.name} holds DataSet {name!r}, which is not declared"
                hint = nearest(name, project.datasets)
                yield project.origin(group).finding("unknown-dataset", message, path, hint=hint)
            elif member.spec.store != group.spec.store:
                message = f"DataSet {name} is in Store {member.spec.store}, its group in {group.spec.store}"
                yield project.origin(group).finding("group-store", message, path, hint="make a group for each Store")


def _inverted(edges: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for transform in sorted(edges):
        for dataset in edges[transform]:
            found.setdefault(dataset, []).append(transform)
    return {dataset: tuple(transforms) for dataset, transforms in found.items()}


def _several_writers(project: Project, writers: Mapping[str, tuple[str, ...]]) -> Iterator[Finding]:
    for dataset, transforms in sorted(writers.items()):
        if len(transforms) > 1 and dataset in project.datasets:
            yield project.origin(project.datasets[dataset]).finding(
                "several-writers",
                f"DataSet {dataset} is written by {' and '.join(transforms)}; all of them come before its readers",
                ("metadata", "name"),
                hint="let one Transform write it",
            )


def _sorted(before: Mapping[str, set[str]]) -> Iterator[str]:
    sorter = TopologicalSorter(before)
    sorter.prepare()
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        yield from ready
        sorter.done(*ready)


def _cycles(project: Project, before: Mapping[str, set[str]]) -> Iterator[Finding]:
    """One finding for each knot of the graph, as a path that leads back to where it begins."""
    import networkx  # half a second, and only a wrong project pays it

    graph = networkx.DiGraph([(earlier, later) for later, all_earlier in before.items() for earlier in all_earlier])
    for knot in sorted(networkx.strongly_connected_components(graph), key=min):
        first = min(knot)
        if len(knot) == 1 and not graph.has_edge(first, first):
            continue
        edges = networkx.find_cycle(graph.subgraph(knot), first)
        path = " → ".join([*(start for start, _ in edges), edges[0][0]])
        yield project.origin(project.transforms[first]).finding(
            "cycle",
            f"Transforms depend on each other in a circle: {path}",
            ("spec", "inputs"),
            hint="take one of these inputs out, or split a DataSet; a `relationships` test counts as an input",
        )
