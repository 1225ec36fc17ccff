"""A drawing as SVG: one file that any browser shows, made without Graphviz or any other program.

DataSets are in the colour of their classification, a dot marks those with personal data; a legend tells which is which.
A long pipeline goes on in bands below each other: beside an arrow that comes in from the left is what it is from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Final, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from datakit_iac.findings.visible import visible
from datakit_iac.pipeline.drawing.bands import extents, folded
from datakit_iac.pipeline.drawing.layout import Layout, Spot, layout
from datakit_iac.pipeline.drawing.model import Drawing, Edge, Node

_MARGIN: Final = 24
_GAP: Final = 56
_ROW: Final = 48
_BOX: Final = 34
_LETTER: Final = 7.4
_LEGEND: Final = 44
_BETWEEN: Final = 40
_STUB: Final = 16

_COLOURS: Final = {
    "public": ("#e3f3e6", "#2e7d43"),
    "internal": ("#e4eefb", "#2f6db5"),
    "confidential": ("#fdf1d3", "#b7791f"),
    "restricted": ("#fbe1df", "#b3261e"),
    "unclassified": ("#eff1f3", "#6b7480"),
}
"""Fill and line by classification."""

_STYLE: Final = """
text { font: 13px Helvetica, Arial, sans-serif; fill: #1f2933; }
.small { font-size: 10px; fill: #52606d; }
.edge { fill: none; stroke: #7b8794; stroke-width: 1.2; marker-end: url(#arrow); }
.transform rect { fill: #ffffff; stroke: #1f2933; }
.undeclared rect { fill: #ffffff; stroke: #d00000; stroke-dasharray: 4 3; }
.undeclared .small { fill: #d00000; }
.pii { fill: #7c3aed; }
"""
_ARROW: Final = (
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0 0L8 4L0 8z" fill="#7b8794"/></marker></defs>'
)


def svg(drawing: Drawing) -> str:
    """The picture as a document of its own."""
    page = _Page(drawing, layout(drawing))
    style = _STYLE + "".join(
        f".{name} rect {{ fill: {fill}; stroke: {line}; }}\n" for name, (fill, line) in _COLOURS.items()
    )
    width, height = page.width, page.height
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" role="img">',
        f"<title>{len(drawing.transforms)} Transforms, {len(drawing.datasets)} DataSets</title>",
        f"<style>{style}</style>",
        _ARROW,
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        *(page.edge(edge) for edge in drawing.edges),
        *(page.node(node) for node in drawing.nodes),
        *page.sources(),
        *page.legend(),
        "</svg>",
    ]
    return "\n".join(lines)


class _Look(NamedTuple):
    """What a box says: its class, the small line below the name, and what is shown beside it on pointing."""

    kind: str
    below: str
    more: str
    pii: bool = False


class _Page:
    """A layout in pixels."""

    def __init__(self, drawing: Drawing, placed: Layout) -> None:
        self._looks = {node: _look(drawing, node) for node in drawing.nodes}
        self._placed = placed
        self._widths = self._column_widths(placed.spots)
        ways = [(edge, (placed.spots[edge.start], *bends, placed.spots[edge.end]))
                for edge, bends in placed.bends.items()]  # fmt: skip
        spots = [*placed.spots.values(), *(spot for _, way in ways for spot in way)]
        bottom = max((spot.row for spot in spots), default=0)
        self._places = folded(self._widths, _GAP, bottom * _ROW + _BOX)
        self._sources = {
            (self._band(other), one.row): edge.start.name
            for edge, way in ways
            for one, other in pairwise(way)
            if self._crosses(one, other) and not _is_far(one, other)
        }
        letters = max(map(len, self._sources.values()), default=0)
        self._left = _MARGIN + (round(letters * _LETTER * 0.8) + _GAP if letters else 0)
        ends = [place.x + width for place, width in zip(self._places, self._widths, strict=True)]
        self._right = self._left + max(ends, default=0)
        self._tops, self._below = self._stacked([*((self._band(spot), spot.row) for spot in spots), *self._sources])
        self.width = max(self._right + (_GAP if letters else 0) + _MARGIN, 640.0)
        self.height = self._below + _LEGEND

    def _band(self, spot: Spot) -> int:
        return self._places[spot.column].band

    def _crosses(self, one: Spot, other: Spot) -> bool:
        return self._band(one) != self._band(other)

    def _stacked(self, rows: Iterable[tuple[int, float]]) -> tuple[dict[int, float], float]:
        """The height of row 0 for each band, and what is below all of them."""
        tops, y = {}, float(_MARGIN)
        for band, (first, last) in sorted(extents(rows).items()):
            tops[band] = y - first * _ROW
            y += (last - first) * _ROW + _BOX + _BETWEEN
        return tops, y - _BETWEEN + _MARGIN if tops else 2 * _MARGIN + _BOX

    def _x(self, spot: Spot) -> float:
        return self._left + self._places[spot.column].x

    def _column_widths(self, spots: Mapping[Node, Spot]) -> list[float]:
        widths = [60.0] * (1 + max((spot.column for spot in spots.values()), default=-1))
        for node, spot in spots.items():
            letters = max(len(node.name) + 2 * self._looks[node].pii, 0.8 * len(self._looks[node].below))
            widths[spot.column] = max(widths[spot.column], round(letters * _LETTER + 24))
        return widths

    def _y(self, spot: Spot, row: float | None = None) -> float:
        return self._tops[self._band(spot)] + (spot.row if row is None else row) * _ROW + _BOX / 2

    def node(self, node: Node) -> str:
        """A box with its name, and what it is below."""
        spot, look = self._placed.spots[node], self._looks[node]
        x, y, width = self._x(spot), self._y(spot), self._widths[spot.column]
        rounding = 10 if node.kind == "dataset" else 2
        dot = f'<circle class="pii" cx="{x + width - 10:g}" cy="{y - 9:.4g}" r="4"/>' if look.pii else ""
        return (
            f"<g id={quoteattr(node.id)} class={quoteattr(f'{node.kind} {look.kind}'.strip())}>"
            f"<title>{_text(look.more)}</title>"
            f'<rect x="{x:g}" y="{y - _BOX / 2:.6g}" width="{width:g}" height="{_BOX}" rx="{rounding}"/>'
            f'<text x="{x + 10:g}" y="{y - 1:.6g}">{_text(node.name)}</text>'
            f'<text class="small" x="{x + 10:g}" y="{y + 12:.6g}">{_text(look.below)}</text>{dot}</g>'
        )

    def edge(self, edge: Edge) -> str:
        """A curve from box to box, straight where it passes a column between; from band to band in two pieces."""
        spots = self._placed.spots
        before, end = spots[edge.start], spots[edge.end]
        x, y = self._x(before) + self._widths[before.column], self._y(before)
        path = f"M{x:g} {y:.6g}"
        for spot in (*self._placed.bends[edge], end):
            left, down = self._x(spot), self._y(spot)
            if self._crosses(before, spot):
                step, x, y = self._crossing(before, spot, x)
                path += step
            bow = max((left - x) / 2, 20.0)
            path += f"C{x + bow:g} {y:.6g} {left - bow:g} {down:.6g} {left:g} {down:.6g}"
            before, x, y = spot, left, down
            if spot is not end:
                x += self._widths[spot.column]
                path += f"H{x:g}"
        ends = f"data-from={quoteattr(edge.start.id)} data-to={quoteattr(edge.end.id)}"
        named = f"<title>{_text(edge.start.name)} → {_text(edge.end.name)}</title>"
        return f'<path class="edge" {ends} d="{path}">{named}</path>'

    def _crossing(self, before: Spot, spot: Spot, x: float) -> tuple[str, float, float]:
        """Out of one band and into another, and where that ends; of an edge over many columns its ends alone."""
        if _is_far(before, spot):
            beside, y = self._x(spot) - _STUB, self._y(spot)
            return f"H{x + _STUB:g}M{beside:g} {y:.6g}", beside, y
        beside, y = self._left - _GAP / 2, self._y(spot, before.row)
        return f"H{self._right + _GAP / 2:g}M{_MARGIN} {y:.6g}H{beside:g}", beside, y

    def sources(self) -> Iterator[str]:
        """What the arrows are from that come into a band from another one."""
        for (band, row), name in self._sources.items():
            y = self._tops[band] + row * _ROW + _BOX / 2
            yield f'<text class="small" x="{_MARGIN}" y="{y - 5:.6g}">{_text(name)}</text>'

    def legend(self) -> Iterator[str]:
        """What the colours that occur mean."""
        found = {look.kind for look in self._looks.values()}
        x, y = float(_MARGIN), self._below
        for kind in (*(each for each in _COLOURS if each in found), *(["undeclared"] if "undeclared" in found else [])):
            yield f'<g class="{kind}"><rect x="{x:g}" y="{y:g}" width="14" height="14" rx="4"/>'
            label = "not declared" if kind == "undeclared" else kind
            yield f'<text x="{x + 20:g}" y="{y + 11:g}">{label}</text></g>'
            x += 44 + len(label) * _LETTER
        if any(look.pii for look in self._looks.values()):
            yield f'<circle class="pii" cx="{x + 7:g}" cy="{y + 7:g}" r="4"/>'
            yield f'<text x="{x + 18:g}" y="{y + 11:g}">personal data</text>'


def _is_far(one: Spot, other: Spot) -> bool:
    """Whether there are columns between two spots that an edge does not bend in."""
    return other.column > one.column + 1


def _look(drawing: Drawing, node: Node) -> _Look:
    if node.kind == "transform":
        job = drawing.transforms[node.name].spec
        return _Look("", job.runtime, f"Transform {node.name}: {job.runtime}, {job.mode}, {job.trigger.policy}")
    dataset = drawing.datasets[node.name]
    if dataset is None:
        return _Look("undeclared", "not declared", f"DataSet {node.name} is not declared")
    spec = dataset.spec
    below = ", ".join(each for each in (spec.store, dataset.tier) if each)
    more = ", ".join([f"DataSet {node.name}", str(spec.place), *([dataset.version] if dataset.version else [])])
    return _Look(spec.classification or "unclassified", below, more, any(column.pii for column in spec.columns))


def _text(text: str) -> str:
    return escape(visible(text))
