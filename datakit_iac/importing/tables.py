"""DataSets of the tables that are in a Store: types, keys and descriptions as its catalog shows them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from datakit_iac.importing.personal_data import is_suspected
from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.models.dataset import DataSet, DataSetSpec, Place
from datakit_iac.manifest.models.document import Metadata
from datakit_iac.manifest.writing import to_yaml
from datakit_iac.technologies.technology import Session, TableState, Technology

GUESSED: Final = "  # guessed"


@dataclass(frozen=True, slots=True)
class FoundTable:
    """A table of a Store that no DataSet is known for.

    Attributes:
        place: where it is.
        state: what it is like.
    """

    place: Place
    state: TableState


def tables(session: Session, patterns: Iterable[str] = ()) -> Iterator[FoundTable]:
    """Every table and view of an open Store whose name fits a pattern; all, where there is none.

    What carries the mark of a stack is left out: it is a DataSet of that stack.

    Args:
        session: the open Store.
        patterns: as of a shell, each compared with the whole place and with its name: ``raw.*``, ``order*``.

    Raises:
        StoreError: the Store refused to be read.
    """
    wanted = [each.lower() for each in patterns]
    for place in session.places(""):
        names = (str(place).lower(), _leaf(place).lower())
        if wanted and not any(fnmatchcase(name, pattern) for name in names for pattern in wanted):
            continue
        state = session.describe(place)
        if state and state.mark is None:
            yield FoundTable(place, state)


def dataset(table: FoundTable, store: str, taken: Iterable[str]) -> DataSet:
    """The contract of a table as it is; a column whose name suggests so holds personal data.

    Args:
        table: the table.
        store: its Store's name.
        taken: the names that DataSets have already.
    """
    said = {
        "store": store,
        "description": table.state.description,
        "schema": [_column(each) for each in table.state.columns],
        **table.place.model_dump(exclude_none=True),
    }
    spec = DataSetSpec.model_validate(said)
    return DataSet(metadata=Metadata(name=_name(table.place, {*taken})), spec=spec)


def updated(manifest: DataSet, table: FoundTable, technology: Technology) -> DataSet:
    """A contract with the columns as its table has them; what only the contract says of a column stays.

    Args:
        manifest: the contract.
        table: its table.
        technology: that of its Store.
    """
    declared = {column.name.lower(): column for column in manifest.spec.columns}
    columns = []
    for found in table.state.columns:
        column = declared.get(found.name.lower())
        if column is None:
            columns.append(_column(found))
            continue
        known = {name: getattr(found, name) for name in ("nullable", "primary_key") if name in found.model_fields_set}
        if technology.canonical(column.type) != found.type:
            known["type"] = found.type
        columns.append(column.model_copy(update=known))
    return manifest.model_copy(update={"spec": manifest.spec.model_copy(update={"columns": columns})})


def text(manifest: DataSet) -> str:
    """The manifest as YAML, in which each guess says that it is one."""
    return re.sub(r"(?m)^(\s*(?:- )?pii: true)$", rf"\1{GUESSED}", to_yaml(manifest))


def _column(found: Column) -> Column:
    return found.model_copy(update={"pii": True}) if is_suspected(found.name) else found


def _leaf(place: Place) -> str:
    return str(place).rstrip("/").rpartition("/" if place.prefix else ".")[2]


def _name(place: Place, taken: set[str]) -> str:
    """The table's own name as one of manifests; with its schema where that is taken, or a number behind it."""
    short, long = (_hyphenated(each) for each in (_leaf(place), str(place)))
    names = (short, long, *(f"{long}-{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def _hyphenated(text: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60].strip("-")
    return words if words[:1].isalpha() else f"table-{words}".strip("-")
