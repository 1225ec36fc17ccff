"""What people see of data: some of its rows, or what each of its columns is like; personal data is masked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.values.types import DataType

MASK: Final = "***"
"""What is seen of a value that is personal data."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Some rows.

    Attributes:
        columns: their names, in the order of the values.
        rows: the values of each.
        masked: the columns of which only `MASK` is seen, and where there is no value.
        notes: what must be known to read them, each one sentence.
    """

    columns: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]
    masked: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """What a column is like.

    Attributes:
        name: its name.
        type: its type.
        nulls: how many rows have no value in it.
        distinct: how many different values there are.
        smallest: the first of them in their order; None where they have none, or are masked.
        largest: the last.
        shortest: the length of the shortest text or bytes; None for all other types.
        longest: that of the longest.
        is_masked: whether its values are personal data, which are not seen.
    """

    name: str
    type: DataType
    nulls: int
    distinct: int
    smallest: Any = None
    largest: Any = None
    shortest: int | None = None
    longest: int | None = None
    is_masked: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """What a DataSet's columns are like.

    Attributes:
        rows: how many were looked at.
        columns: each of them.
        notes: what must be known to read it, each one sentence.
    """

    rows: int
    columns: tuple[ColumnProfile, ...]
    notes: tuple[str, ...] = ()


def masked(dataset: BoundDataSet, *, show_pii: bool) -> frozenset[str]:
    """The columns whose values are not to be seen, in lower case.

    Args:
        dataset: whose contract says which are personal data.
        show_pii: whether these are to be seen all the same.
    """
    return frozenset() if show_pii else frozenset(each.name.lower() for each in dataset.columns if each.pii)


def declared(dataset: BoundDataSet, there: Iterable[Column]) -> tuple[list[Column], tuple[str, ...]]:
    """The columns that are seen, as they are there, and what is said of the others.

    What a contract does not declare may be anything, personal data too, so it is left out.

    Args:
        dataset: whose contract it is.
        there: the columns that are there.
    """
    there = list(there)
    if not dataset.columns:
        return there, (f"DataSet {dataset.name} declares no columns, so none is known for personal data",)
    wanted = {each.name.lower() for each in dataset.columns}
    seen = [each for each in there if each.name.lower() in wanted]
    more = [each.name for each in there if each.name.lower() not in wanted]
    lacking = [each.name for each in dataset.columns if each.name.lower() not in {one.name.lower() for one in there}]
    notes = [f"left out, as the contract does not declare them: {', '.join(more)}"] if more else []
    return seen, (*notes, *([f"declared, and not there: {', '.join(lacking)}"] if lacking else []))
