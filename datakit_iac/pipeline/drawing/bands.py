"""The columns of a wide picture in bands below each other, as a long line of text is broken.

Every column has a place on the page: the band it is in, and how far right it begins there. What leads from one band to
another leaves it at the right and comes in at the left of the other, at the same row.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

_WIDEST: Final = 2400.0
"""A picture no wider than this stays in one band."""

_SHAPE: Final = 1.6
"""How much wider than high a picture in several bands is, about."""


class Place(NamedTuple):
    """Where a column is: its band, from 0, and how far right it begins in that."""

    band: int
    x: float


def folded(widths: Sequence[float], gap: float, height: float) -> list[Place]:
    """The place of each column, as many to a band as go in, at least one.

    Args:
        widths: how wide each column is.
        gap: what is between two columns.
        height: how high the picture is in one band.

    >>> folded([1000.0, 1000.0, 1000.0], 50.0, 100.0)
    [Place(band=0, x=0.0), Place(band=0, x=1050.0), Place(band=1, x=0.0)]
    """
    whole = sum(widths) + gap * len(widths)
    widest = max(_WIDEST, math.sqrt(_SHAPE * whole * height))
    places, band, x = [], 0, 0.0
    for width in widths:
        if x and x + width > widest:
            band, x = band + 1, 0.0
        places.append(Place(band, x))
        x += width + gap
    return places


def extents(rows: Iterable[tuple[int, float]]) -> dict[int, tuple[float, float]]:
    """The first and the last row of each band, of what is in them.

    >>> extents([(0, 1.0), (1, 4.5), (0, 3.0)])
    {0: (1.0, 3.0), 1: (4.5, 4.5)}
    """
    found: dict[int, tuple[float, float]] = {}
    for band, row in rows:
        first, last = found.get(band, (row, row))
        found[band] = min(first, row), max(last, row)
    return found
