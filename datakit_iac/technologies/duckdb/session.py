"""An open DuckDB file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import duckdb

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.technologies.duckdb import rewriting
from datakit_iac.technologies.duckdb.catalog import Catalog
from datakit_iac.technologies.duckdb.dialect import DUCKDB
from datakit_iac.technologies.duckdb.opening import OpeningError, opened
from datakit_iac.technologies.evolution import Change
from datakit_iac.technologies.sql import ddl
from datakit_iac.technologies.sql.session import SqlSession
from datakit_iac.technologies.technology import StoreError

PATIENCE: Final = 15.0
"""Seconds to wait for another process that has the file open."""


@contextmanager
def connect(path: Path, patience: float = PATIENCE) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database file, waiting up to `patience` seconds for its only writer to be done.

    Raises:
        StoreError: it stays held, is not a DuckDB file, or its folder cannot be made.
    """
    try:
        database = opened(path, patience, longest_pause=0.1)
    except OpeningError as fault:
        raise StoreError(str(fault)) from fault
    try:
        database.execute("SET TimeZone = 'UTC'; SET python_enable_replacements = false")
        yield database
    except duckdb.Error as fault:
        raise StoreError(f"DuckDB {path}: {fault}") from fault
    finally:
        database.close()


class DuckDBSession(SqlSession):
    """Tables of one open DuckDB file."""

    dialect = DUCKDB
    failure = duckdb.Error

    def __init__(self, database: duckdb.DuckDBPyConnection) -> None:
        super().__init__(database)
        self._catalog = Catalog(self.rows)

    def version(self) -> str:
        """The library's version."""
        return duckdb.__version__

    def relation(self, place: Place) -> tuple[str, str, Sequence[Column]] | None:
        """A table or view, from the catalog."""
        found = self._catalog.find(place)
        return (found.kind, found.comment or "", found.columns) if found else None

    def written(self, place: Place | None) -> None:
        """Keep what is known of the catalog true."""
        if place:
            self._catalog.take(place)
        else:
            self._catalog.forget()

    def places(self, infix: str) -> list[Place]:
        """Tables and views whose names contain `infix`, in whatever case."""
        return self._catalog.places(infix)

    def altering(self, dataset: BoundDataSet, changes: Sequence[Change]) -> Iterator[str]:
        """What carries out changes: by `ALTER TABLE`, or a copy of the table where it cannot."""
        for change in changes:
            if rewriting.is_needed(self.rows, dataset.place, change):
                yield from rewriting.statements(self.rows, dataset.place, change)
            else:
                yield from ddl.alter(self.dialect, dataset.place, [change])

    def demand_rewritable(self, place: Place) -> None:
        """Others have made nothing of a table that a copy would not have."""
        rewriting.demand_possible(self.rows, place)

    def refusal(self, fault: Exception, statement: str) -> str:
        """Why a statement was not carried out; an index that others made lets a table hardly be altered."""
        said = super().refusal(fault, statement)
        is_held = isinstance(fault, duckdb.Error) and "depend" in str(fault)
        return f"{said} Drop the index or key that depends on it, run again and make it again" if is_held else said

    def primary_key(self, place: Place) -> frozenset[str]:
        """The columns of a table's primary key, in lower case."""
        return self._catalog.primary_key(place)
