"""The positions of a drawing's nodes: in columns from left to right, as the data goes, near what they are tied to.

Layered drawing after Sugiyama, Tagawa and Toda (1981): columns by longest path, long edges cut into pieces, rows by the
mean of the neighbours. Everything is linear in nodes and pieces but for sorting, and nothing depends on chance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

from datakit_iac.pipeline.drawing.model import Drawing, Edge, Node

_SWEEPS: Final = 4
_LONGEST: Final = 40
"""An edge over more columns than this is drawn straight, so that a few cannot make more pieces than there are nodes."""


class Spot(NamedTuple):
    """A place in the drawing: the column, from 0, and how far down, in rows."""

    column: int
    row: float


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything is.

    Attributes:
        spots: where each node is; two of one column are at least a row apart.
        bends: where an edge over several columns passes those between, from its start to its end.
    """

    spots: Mapping[Node, Spot]
    bends: Mapping[Edge, tuple[Spot, ...]]


class _Bend(NamedTuple):
    """A piece of a long edge, which takes a place in a column as a node does."""

    edge: Edge
    column: int


_Item = Node | _Bend


def layout(drawing: Drawing) -> Layout:
    """Place every node and every long edge of a drawing."""
    columns = _columns(drawing)
    bends = {edge: _bends(edge, columns) for edge in drawing.edges}
    paths: list[list[_Item]] = [[edge.start, *between, edge.end] for edge, between in bends.items()]
    rows = _rows(drawing, columns, paths)
    return Layout(
        spots={node: Spot(columns[node], rows[node]) for node in drawing.nodes},
        bends={edge: tuple(Spot(each.column, rows[each]) for each in found) for edge, found in bends.items()},
    )


def _columns(drawing: Drawing) -> dict[Node, int]:
    """A Transform right of all it reads, a DataSet right of all that write it; a source just left of its readers."""
    columns: dict[Node, int] = {}
    for name in drawing.transforms:  # in order, so that what is read is placed
        column = 1 + max((columns.get(Node("dataset", each), 0) for each in drawing.reads[name]), default=0)
        columns[Node("transform", name)] = column
        for each in drawing.writes[name]:
            columns[Node("dataset", each)] = max(columns.get(Node("dataset", each), 0), column + 1)
    written = set(columns)
    for edge in drawing.edges:
        if edge.start not in written:
            columns[edge.start] = min(columns.get(edge.start, columns[edge.end]), columns[edge.end] - 1)
    return {node: columns.get(node, 0) for node in drawing.nodes}


def _bends(edge: Edge, columns: Mapping[Node, int]) -> tuple[_Bend, ...]:
    between = range(columns[edge.start] + 1, columns[edge.end])
    return tuple(_Bend(edge, column) for column in between) if len(between) <= _LONGEST else ()


def _rows(drawing: Drawing, columns: Mapping[Node, int], paths: Sequence[Sequence[_Item]]) -> dict[_Item, float]:
    left: dict[_Item, list[_Item]] = {}
    right: dict[_Item, list[_Item]] = {}
    for path in paths:
        for start, end in pairwise(path):
            right.setdefault(start, []).append(end)
            left.setdefault(end, []).append(start)
    stacks: dict[int, list[_Item]] = {}
    for item in _walk(drawing.nodes, left, right):
        stacks.setdefault(item.column if isinstance(item, _Bend) else columns[item], []).append(item)
    rows = {item: float(row) for stack in stacks.values() for row, item in enumerate(stack)}
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        for column in sorted(stacks, reverse=not forward):
            _settle(stacks[column], left if forward else right, rows)
    top = min(rows.values(), default=0.0)
    return {item: row - top for item, row in rows.items()}


def _walk(nodes: Iterable[Node], *ties: Mapping[_Item, Sequence[_Item]]) -> list[_Item]:
    """Every item, those tied together one after the other, so that what has nothing to do with the rest is apart."""
    seen: dict[_Item, None] = {}
    for node in nodes:
        waiting: list[_Item] = [node]
        while waiting:
            item = waiting.pop()
            if item not in seen:
                seen[item] = None
                waiting += [each for tie in ties for each in reversed(tie.get(item, ()))]
    return list(seen)


def _settle(stack: list[_Item], neighbours: Mapping[_Item, Sequence[_Item]], rows: dict[_Item, float]) -> None:
    """Put the items of a column at the mean of their neighbours, as near as a row for each allows."""
    wanted = {}
    for item in stack:
        near = [rows[each] for each in neighbours.get(item, ())]
        wanted[item] = sum(near) / len(near) if near else rows[item]
    stack.sort(key=lambda item: (wanted[item], rows[item]))
    for item, row in zip(stack, _spread([wanted[item] for item in stack]), strict=True):
        rows[item] = row


def _spread(wanted: Sequence[float]) -> list[float]:
    """The rows nearest to those wanted, in the sum of squares, that are at least one apart (pooling violators).

    >>> _spread([1.0, 1.0, 9.0])
    [0.5, 1.5, 9.0]
    """
    blocks: list[tuple[float, int]] = []  # mean and number of those that must be together
    for index, row in enumerate(wanted):
        mean, number = row - index, 1
        while blocks and blocks[-1][0] > mean:
            other, more = blocks.pop()
            mean, number = (mean * number + other * more) / (number + more), number + more
        blocks.append((mean, number))
    means = [mean for mean, number in blocks for _ in range(number)]
    return [mean + index for index, mean in enumerate(means)]
