"""Rows of a Store that knows no SQL, as a relation of a DuckDB of their own, which reaches nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final

import duckdb
import pyarrow as pa

from datakit_iac.cloudquery_plugins.fault import PluginFault
from datakit_iac.cloudquery_plugins.types import from_arrow, plain, plain_schema
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.column import Column
from datakit_iac.technologies.duckdb.dialect import DUCKDB
from datakit_iac.technologies.looking import Profile, Sample
from datakit_iac.technologies.sql import looking
from datakit_iac.technologies.technology import StoreError

_NAME: Final = "datakit_rows"
_CONFINED: Final[dict[str, str | bool | int | float | list[str]]] = {
    "enable_external_access": False,
    "python_enable_replacements": False,
    "threads": 2,
}


@dataclass(frozen=True)
class Batches:
    """Rows that are read as they are asked for, once.

    Attributes:
        schema: of all batches, in types that CloudQuery's plugins send.
        batches: the rows.
        notes: what must be known to read them; those that are added while they are read count too.
    """

    schema: pa.Schema
    batches: Iterable[pa.RecordBatch]
    notes: list[str] = field(default_factory=list)


Source = Callable[[], AbstractContextManager[Batches]]
"""Opens rows."""


def sample(
    dataset: BoundDataSet, sources: Sequence[Source], *, limit: int, where: str = "", show_pii: bool = False
) -> Sample:
    """Some rows of a DataSet; see `sql.looking.sample`.

    Args:
        dataset: whose contract says what is personal data.
        sources: the first few of its rows in ways that read ever more, the last of which gives all.
        limit: how many rows, at most.
        where: an expression that is true for the rows that are wanted.
        show_pii: whether personal data is to be seen.

    Raises:
        StoreError: the rows cannot be read, or the condition is not an expression over the columns.
    """
    looking.demand_condition(where, dataset, show_pii=show_pii)

    def of(source: Source) -> Sample:
        with _relation(source) as (relation, notes):
            found = looking.sample(relation, dataset, limit=limit, where=where, show_pii=show_pii)
        return replace(found, notes=(*found.notes, *notes))

    *few, everything = sources
    for source in () if where else few:
        with suppress(StoreError):  # the first records may lack what others have
            if len((found := of(source)).rows) >= limit:
                return found
    return of(everything)


def profile(dataset: BoundDataSet, source: Source, *, show_pii: bool = False) -> Profile:
    """What the columns of a DataSet are like; see `sql.looking.profile`.

    Raises:
        StoreError: the rows cannot be read.
    """
    with _relation(source) as (relation, notes):
        found = looking.profile(relation, dataset, show_pii=show_pii)
    return replace(found, notes=(*found.notes, *notes))


@contextmanager
def _relation(source: Source) -> Iterator[tuple[looking.Relation, list[str]]]:
    try:
        with source() as found, duckdb.connect(config=_CONFINED) as database:
            database.execute("SET TimeZone = 'UTC'; SET lock_configuration = true")
            faults: list[Exception] = []
            if found.schema.names:  # without columns, nothing is asked
                reader = pa.RecordBatchReader.from_batches(plain_schema(found.schema), _plain(found.batches, faults))
                database.register(_NAME, reader)
            columns = tuple(Column(name=each.name, type=from_arrow(each.type)) for each in found.schema)

            def rows(query: str) -> list[tuple[Any, ...]]:
                try:
                    return database.execute(query).fetchall()
                except duckdb.Error:
                    if faults:  # which DuckDB tells in its own words
                        raise faults[0] from None
                    raise

            yield looking.Relation(DUCKDB, _NAME, columns, rows, duckdb.Error, is_stream=True), found.notes
    except PluginFault as fault:
        raise StoreError(str(fault)) from fault


def _plain(batches: Iterable[pa.RecordBatch], faults: list[Exception]) -> Iterator[pa.RecordBatch]:
    try:
        yield from map(plain, batches)
    except Exception as fault:
        faults.append(fault)
        raise
