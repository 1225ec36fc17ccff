"""A drawing as text: for each Transform, in order, what goes in on the left and what comes out on the right.

Every edge is drawn once, as one arm of a Transform, so that the text grows with the edges and with nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from datakit_iac.pipeline.drawing.model import Drawing

_SHOWN: Final = 2
"""So many of a DataSet's writers are named beside it; every one of them is drawn where it writes."""

# By whether the rail goes on above and below: in rows beside the Transform's own, and in its own.
_INTO: Final = {(True, True): "┤", (True, False): "┘", (False, True): "┐"}
_OUT: Final = {(True, True): "├", (True, False): "└", (False, True): "┌"}
_OWN: Final = {(True, True): "┼", (True, False): "┴", (False, True): "┬", (False, False): "─"}


def text(drawing: Drawing, emphasise: Callable[[str], str] = str) -> str:
    """The picture, the DataSets that no Transform names, and a count.

    Args:
        drawing: what is drawn.
        emphasise: how the name of a Transform is made to stand out.
    """
    numbers = {name: number for number, name in enumerate(drawing.transforms, start=1)}
    blocks = [_Block(drawing, name, numbers) for name in numbers]
    left = max((len(each) for block in blocks for each in block.inputs), default=0)
    middle = max((len(block.label) for block in blocks), default=0)
    margin = len(str(len(numbers)))
    lines: list[str] = []
    for before, block in zip([None, *blocks], blocks, strict=False):
        if before and max(before.rows, block.rows) > 1:
            lines.append("")
        heads = [f"{block.number:>{margin}}", *[" " * margin] * (block.rows - 1)]
        lines += [f"{head}  {row}" for head, row in zip(heads, block.drawn(left, middle, emphasise), strict=True)]
    return "\n".join([*lines, *_legend(drawing)])


class _Block:
    """One Transform with its arms."""

    def __init__(self, drawing: Drawing, name: str, numbers: Mapping[str, int]) -> None:
        graph = drawing.graph
        self.name, self.number = name, numbers[name]
        self.label = f"{name} ({drawing.transforms[name].spec.runtime})"
        self.inputs = [f"{_label(drawing, each)}{_writers(drawing, each, numbers)}" for each in drawing.reads[name]]
        self.inputs += _more(len(graph.reads[name]) - len(drawing.reads[name]))
        self.outputs = [_label(drawing, each) for each in drawing.writes[name]]
        self.outputs += _more(len(graph.writes[name]) - len(drawing.writes[name]))
        self.rows = max(len(self.inputs), len(self.outputs), 1)

    def drawn(self, left: int, middle: int, emphasise: Callable[[str], str]) -> Iterator[str]:
        """The rows, the Transform's own in the middle of them."""
        own = (self.rows - 1) // 2
        into, out = _Rail(len(self.inputs), own, _INTO), _Rail(len(self.outputs), own, _OUT)
        core = emphasise(self.name) + self.label.removeprefix(self.name)
        core += f" {'─' * (middle - len(self.label) + 1)}" if self.outputs else ""
        for row in range(self.rows):
            arm, drawn = " " * (left + 3), core if row == own else " " * (middle + 2)
            if into.has(row):
                name = self.inputs[row - into.first]
                arm = f"{name} {'─' * (left - len(name) + 1)}{into.at(row)}"
            arm += "─▶ " if row == own and self.inputs else "   "
            end = f"{out.at(row)}─▶ {self.outputs[row - out.first]}" if out.has(row) else ""
            yield f"{arm}{drawn}{end}".rstrip()


@dataclass(frozen=True, slots=True)
class _Rail:
    """The upright line that joins a number of arms, centred on the Transform's own row."""

    arms: int
    own: int
    corners: Mapping[tuple[bool, bool], str]

    @property
    def first(self) -> int:
        return self.own - (self.arms - 1) // 2

    def has(self, row: int) -> bool:
        return self.first <= row < self.first + self.arms

    def at(self, row: int) -> str:
        goes_on = (row > self.first, row < self.first + self.arms - 1)
        return (_OWN if row == self.own else self.corners)[goes_on]


def _label(drawing: Drawing, dataset: str) -> str:
    return dataset if drawing.datasets[dataset] is not None else f"{dataset} (not declared)"


def _writers(drawing: Drawing, dataset: str, numbers: Mapping[str, int]) -> str:
    """The numbers of the Transforms that write a DataSet, in brackets; nothing for a source."""
    writers = drawing.graph.writers.get(dataset, ())
    shown = [str(numbers[name]) for name in writers[:_SHOWN] if name in numbers]
    if not shown:
        return ""
    return f" [{', '.join([*shown, *(['…'] if len(writers) > _SHOWN else [])])}]"


def _more(number: int) -> list[str]:
    return [f"… {number} more"] if number else []


def _legend(drawing: Drawing) -> Iterator[str]:
    if drawing.transforms:
        yield ""
    graph = drawing.graph
    alone = [name for name in drawing.datasets if name not in graph.readers and name not in graph.writers]
    if alone:
        yield f"In no Transform: {', '.join(alone)}"
    edges = sum(1 for _ in drawing.edges)
    yield ", ".join(
        _counted(number, noun)
        for number, noun in (
            (len(drawing.transforms), "Transform"),
            (len(drawing.datasets), "DataSet"),
            (edges, "edge"),
        )
    )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
