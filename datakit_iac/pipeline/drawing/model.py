"""What is drawn of a pipeline, as plain data: all of it, what leads to a DataSet, or what depends on one.

Each of `drawing_text`, `drawing_mermaid`, `drawing_dot`, `drawing_svg` and `drawing_json` makes a picture of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from datakit_iac.manifest.project import Project
from datakit_iac.pipeline.graph import Graph

if TYPE_CHECKING:
    from datakit_iac.manifest.models.dataset import DataSet
    from datakit_iac.manifest.models.transform import Transform


class Node(NamedTuple):
    """A DataSet or a Transform; the two have separate name spaces.

    Attributes:
        kind: which of the two it is.
        name: the manifest's.
    """

    kind: Literal["dataset", "transform"]
    name: str

    @property
    def id(self) -> str:
        """What tells it from every other node, e.g. ``dataset/users``."""
        return f"{self.kind}/{self.name}"


class Edge(NamedTuple):
    """That a Transform reads a DataSet, or writes one; it leads where the data goes."""

    start: Node
    end: Node


@dataclass(frozen=True, slots=True)
class Drawing:
    """A part of a pipeline.

    Attributes:
        datasets: the DataSets of the part, by name; None for one that is not declared. Those that no Transform names
            are only in the whole.
        transforms: its Transforms, by name, each after those whose outputs it reads.
        reads: the DataSets of the part that each of its Transforms reads.
        writes: those that each of them writes.
        graph: the whole.
    """

    datasets: Mapping[str, DataSet | None]
    transforms: Mapping[str, Transform]
    reads: Mapping[str, tuple[str, ...]]
    writes: Mapping[str, tuple[str, ...]]
    graph: Graph

    @property
    def nodes(self) -> Iterator[Node]:
        """Every DataSet by name, then every Transform in order."""
        yield from (Node("dataset", name) for name in self.datasets)
        yield from (Node("transform", name) for name in self.transforms)

    @property
    def edges(self) -> Iterator[Edge]:
        """Every edge, Transform by Transform in order, inputs before outputs."""
        for name in self.transforms:
            transform = Node("transform", name)
            yield from (Edge(Node("dataset", each), transform) for each in self.reads[name])
            yield from (Edge(transform, Node("dataset", each)) for each in self.writes[name])


def whole(project: Project, graph: Graph) -> Drawing:
    """All of a pipeline."""
    return _part(project, graph, {*project.datasets, *graph.datasets}, graph.order)


def leading_to(project: Project, graph: Graph, *ends: Node) -> Drawing:
    """What leads to some nodes: everything they are made from, directly or through others."""
    return _reached(project, graph, ends, graph.writers, graph.reads)


def depending_on(project: Project, graph: Graph, *starts: Node) -> Drawing:
    """What depends on some nodes: everything made from them, directly or through others."""
    return _reached(project, graph, starts, graph.readers, graph.writes)


def _reached(
    project: Project,
    graph: Graph,
    nodes: Iterable[Node],
    transforms_of: Mapping[str, tuple[str, ...]],
    datasets_of: Mapping[str, tuple[str, ...]],
) -> Drawing:
    waiting = sorted(set(nodes))
    reached = set(waiting)
    while waiting:
        kind, name = waiting.pop()
        if kind == "dataset":
            further = {Node("transform", each) for each in transforms_of.get(name, ())}
        else:
            further = {Node("dataset", each) for each in datasets_of[name]}
        waiting += further - reached
        reached |= further
    names = {kind: {name for each, name in reached if each == kind} for kind in ("dataset", "transform")}
    return _part(project, graph, names["dataset"], names["transform"])


def _part(project: Project, graph: Graph, datasets: Collection[str], transforms: Collection[str]) -> Drawing:
    order = [name for name in graph.order if name in transforms] if transforms is not graph.order else graph.order
    return Drawing(
        datasets={name: project.datasets.get(name) for name in sorted(datasets)},
        transforms={name: project.transforms[name] for name in order},
        reads={name: tuple(each for each in graph.reads[name] if each in datasets) for name in order},
        writes={name: tuple(each for each in graph.writes[name] if each in datasets) for name in order},
        graph=graph,
    )
