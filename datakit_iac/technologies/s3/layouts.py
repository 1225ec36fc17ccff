"""How objects can be written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import unquote

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.technologies.evolution import Change
from datakit_iac.technologies.files import csv_options
from datakit_iac.technologies.files.listing import is_pattern

if TYPE_CHECKING:
    from datakit_iac.technologies.s3.snapshot import Snapshot

FORMATS: Final[Mapping[Literal["parquet", "csv", "json"], str]] = {"parquet": "parquet", "csv": "csv", "json": "jsonl"}
"""The formats, and how the names of their objects end."""
_NAMED: Final = re.compile(r"^[0-9a-f]{16}-\d{5}\.(parquet|csv|jsonl)$")
CSV: Final = frozenset({"delimiter", "quote", "escape", "header", "nulls"})
"""The options of CSV that are written as well as read."""


def is_of_a_load(key: str) -> bool:
    """Whether an object has a name that a load of ours gives; the folders before it are those of partitions."""
    return bool(_NAMED.match(key.rpartition("/")[2]))


def is_checked(dataset: BoundDataSet) -> bool:
    """Whether a change must see that required columns have values, for there is no Run that would be verified."""
    return dataset.writers is not None and not dataset.writers


def is_unlike(keys: Iterable[str], dataset: BoundDataSet, changes: Iterable[Change]) -> bool:
    """Whether objects must be written again to be as a contract says.

    A column that is added has no value in them, and a wider type holds what they have: they are read as they are.

    Args:
        keys: of the objects that a load of ours wrote.
        dataset: the contract.
        changes: what it changes of the columns that the objects have.
    """
    kinds = {"rename", "narrow", "drop", *(["require"] if is_checked(dataset) else [])}
    if any(change.kind in kinds for change in changes):
        return True
    ending = next((ending for name, ending in FORMATS.items() if name == (dataset.place.format or "parquet")), "")
    wanted = [*dataset.partition_by], ending
    return any((_partitions(key), key.rpartition(".")[2]) != wanted for key in keys)


def _partitions(key: str) -> list[str]:
    """The columns whose values the folders of an object name.

    >>> _partitions("lake/users/year=2013/country=de/1f.parquet")
    ['year', 'country']
    """
    folders = (part.partition("=") for part in key.split("/")[:-1])
    return [unquote(name) for name, sign, _ in folders if sign]


def names_of(dataset: BoundDataSet) -> tuple[str, ...]:
    """The names of the declared columns, in lower case."""
    return tuple(column.name.lower() for column in dataset.columns)


def columns_of(known: Snapshot | None, dataset: BoundDataSet, changes: Iterable[Change]) -> tuple[str, ...]:
    """The columns that a snapshot may name once a contract has changed and no object was written again.

    Where it is not known what the objects were written with, or the changes begin from nothing, as for a prefix that is
    adopted, a column that they lack may have had another name: it stays an error to read it.

    Args:
        known: the snapshot before.
        dataset: the contract.
        changes: what it changes.
    """
    if known is None or not known.objects:
        return names_of(dataset)
    added = {change.column.lower() for change in changes if change.kind == "add"}
    return known.columns if not known.columns or added & {*known.columns} else names_of(dataset)


def unwritable(target: BoundDataSet) -> Iterator[str]:
    """What cannot be written of a DataSet, each one sentence."""
    wanted = target.place.format or "parquet"
    if wanted not in FORMATS:
        yield f"{target.name} cannot be written as {wanted}; expected one of {', '.join(FORMATS)}"
    others = sorted(name for name in csv_options.OPTIONS if target.options.get(name) is not None and name not in CSV)
    if wanted == "csv" and others:
        yield f"{target.name}: CSV is not written with {', '.join(others)}; leave that out, or let it be parquet"
    if target.tests or any(column.tests for column in target.columns):
        yield f"tests of {target.name} cannot run on s3; put them on the DataSet it is loaded into"
    if is_pattern(str(target.place)):
        yield f"{target.name} is a pattern of objects ({target.place}); what is written needs a prefix of its own"
