"""The fields that say where a DataSet is in its Store; it has exactly one of them."""

from typing import Final, Literal, get_args

PlaceKind = Literal["table", "prefix", "topic"]
PLACES: Final[tuple[str, ...]] = get_args(PlaceKind)
