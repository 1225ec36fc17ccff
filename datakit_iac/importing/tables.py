"""DataSets of the tables that are in a Store: types, keys and descriptions as its catalog shows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from datakit_iac.importing.catalog import described
from datakit_iac.importing.found import Found, pii
from datakit_iac.importing.names import leaf
from datakit_iac.importing.personal_data import is_suspected
from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.models.dataset import DataSet, DataSetSpec, Place
from datakit_iac.manifest.models.document import Metadata
from datakit_iac.technologies.technology import Session, TableState, Technology

_KNOWN: Final = ("nullable", "primary_key")


@dataclass(frozen=True, slots=True)
class FoundTable:
    """A table of a Store without a DataSet.

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
        names = (str(place).lower(), leaf(place).lower())
        if wanted and not any(fnmatchcase(name, pattern) for name in names for pattern in wanted):
            continue
        state = described(session, place)
        if state and state.mark is None:
            yield FoundTable(place, state)


def dataset(table: FoundTable, store: str, name: str) -> Found:
    """The contract of a table as it is; a column whose name suggests so holds personal data.

    Args:
        table: the table.
        store: its Store's name.
        name: the DataSet's name.
    """
    said = {
        "store": store,
        "description": table.state.description,
        "schema": [_column(each) for each in table.state.columns],
        **table.place.model_dump(exclude_none=True),
    }
    spec = DataSetSpec.model_validate(said)
    guessed = frozenset(pii(each.name) for each in spec.columns if each.pii)
    return Found(DataSet(metadata=Metadata(name=name), spec=spec), guessed, has_all_columns=True)


def updated(known: Found, manifest: DataSet, table: FoundTable, technology: Technology) -> Found:
    """A contract with the columns as its table has them; what only the contract says of a column stays.

    Args:
        known: the contract, with what is guessed in it.
        manifest: the same.
        table: its table.
        technology: that of its Store.
    """
    declared = {column.name.lower(): column for column in manifest.spec.columns}
    columns, guessed = [], {*known.guessed}
    for found in table.state.columns:
        column = declared.get(found.name.lower())
        if column is None:
            columns.append(_column(found))
            guessed |= {pii(found.name)} if columns[-1].pii else set()
            continue
        known_of_it = {each: getattr(found, each) for each in _KNOWN if each in found.model_fields_set}
        if found.primary_key:  # which says already that there is a value
            known_of_it["nullable"] = column.nullable
        if technology.canonical(column.type) != found.type:
            known_of_it["type"] = found.type
        columns.append(column.model_copy(update=known_of_it))
    changed = manifest.model_copy(update={"spec": manifest.spec.model_copy(update={"columns": columns})})
    return Found(changed, frozenset(guessed))


def _column(found: Column) -> Column:
    return found.model_copy(update={"pii": True}) if is_suspected(found.name) else found
