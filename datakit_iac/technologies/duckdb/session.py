"""An open DuckDB file."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import duckdb

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.technologies.duckdb import checks, narrowing, statements
from datakit_iac.technologies.duckdb.catalog import Catalog
from datakit_iac.technologies.evolution import Change
from datakit_iac.technologies.ownership import Mark
from datakit_iac.technologies.technology import Live, StoreError, Violation

PATIENCE: Final = 15.0
"""Seconds to wait for another process that has the file open."""

_HOLDER: Final = re.compile(r"held in (.+?)(?: \(PID (\d+)\))", re.IGNORECASE)


@contextmanager
def connect(path: Path, patience: float = PATIENCE) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database file, waiting up to `patience` seconds for its only writer to be done.

    Raises:
        StoreError: it stays held, is no DuckDB file, or its folder cannot be made.
    """
    database = _opened(path, time.monotonic() + patience)
    try:
        database.execute("SET TimeZone = 'UTC'; SET python_enable_replacements = false")
        yield database
    except duckdb.Error as fault:
        raise StoreError(f"DuckDB {path}: {fault}") from fault
    finally:
        database.close()


def _opened(path: Path, deadline: float) -> duckdb.DuckDBPyConnection:
    pause = 0.05
    while True:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            return duckdb.connect(path)
        except OSError as fault:
            raise StoreError(f"the folder of DuckDB file {path} cannot be made: {fault.strerror}") from fault
        except duckdb.Error as fault:
            if "lock" not in str(fault).lower():
                raise StoreError(f"{path} cannot be opened as a DuckDB file: {_first_line(fault)}") from fault
            if time.monotonic() > deadline:
                raise StoreError(f"DuckDB file {path} is held by {_holder(fault)}; end it and try again") from fault
            time.sleep(pause)
            pause = min(pause * 2, 0.1)


def _first_line(fault: Exception) -> str:
    return str(fault).partition("\n")[0]


def _holder(fault: Exception) -> str:
    match = _HOLDER.search(str(fault))
    return f"process {match.group(2)} ({match.group(1)})" if match else "another process"


class DuckDBSession:
    """Tables of one open DuckDB file; see `Session`."""

    def __init__(self, database: duckdb.DuckDBPyConnection) -> None:
        self._database = database
        self._catalog = Catalog(self._rows)

    def version(self) -> str:
        """The library's version."""
        return duckdb.__version__

    def describe(self, place: Place) -> Live | None:
        """The table's columns, comment and number of rows, from the catalog."""
        found = self._catalog.find(place)
        if found is None:
            return None
        description, mark = Mark.split(found.comment)
        is_view = found.kind == "VIEW"
        return Live(found.columns, description, mark, self._count(place, is_view), is_view)

    def _count(self, place: Place, is_view: bool) -> int:
        try:
            ((rows,),) = self._rows(f"SELECT count(*) FROM {statements.qualified(place)}")
        except duckdb.Error:
            if is_view:
                return 0  # what it reads has changed: it gives nothing until its Run makes it anew
            raise
        return int(rows)

    def create(self, dataset: BoundDataSet, mark: Mark) -> None:
        """Make the table with comments and mark in one transaction."""
        making = [*statements.create(dataset), *statements.comments(dataset), statements.stamp(dataset, mark)]
        self._together(making)
        self._catalog.take(dataset.place)

    def alter(self, dataset: BoundDataSet, changes: Sequence[Change], mark: Mark) -> None:
        """Carry out the changes and stamp the table, in one transaction.

        A column is required only once no row lacks its value; until then the tests of the contract say so. A view takes
        descriptions only: its columns are what its query gives.
        """
        found = self._catalog.find(dataset.place)
        if found and found.kind == "VIEW":
            there = {column.name.lower() for column in found.columns}
            possible = [each for each in changes if each.kind == "describe" and each.column.lower() in there]
        else:
            possible = [each for each in changes if each.kind != "require" or not self._nulls(dataset, each)]
            self._refuse_misfits(dataset.place, possible)
        altering = [statements.alter(dataset.place, change) for change in possible]
        self._together([*altering, statements.stamp(dataset, mark)])
        if all(change.kind == "describe" for change in possible):
            self._catalog.take(dataset.place)
        else:
            self._catalog.forget()

    def misfits(self, place: Place, change: Change) -> int:
        """How many values do not fit the narrower type of a change."""
        if change.kind != "narrow" or change.before is None or change.after is None:
            return 0
        column = statements.quoted(change.before.name)
        condition = narrowing.misfits(column, change.before.type, change.after.type)
        ((rows,),) = self._rows(f"SELECT count(*) FROM {statements.qualified(place)} WHERE {condition}")
        return int(rows)

    def _refuse_misfits(self, place: Place, changes: Sequence[Change]) -> None:
        lossy = ((each, self.misfits(place, each)) for each in changes if not each.loses_misfits)
        if told := [f"{each}, and {count:,} of its values do not fit" for each, count in lossy if count]:
            raise StoreError(f"{place}: {'; '.join(told)}; nothing was altered")

    def rename(self, place: Place, name: str) -> None:
        """Rename the table or view within its schema."""
        self._together([f"ALTER {self._word(place)} {statements.qualified(place)} RENAME TO {statements.quoted(name)}"])
        self._catalog.forget()

    def drop(self, place: Place) -> None:
        """Drop the table or view."""
        self._together([f"DROP {self._word(place)} {statements.qualified(place)}"])
        self._catalog.forget()

    def places(self, infix: str) -> list[Place]:
        """Tables and views whose names contain `infix`, in whatever case."""
        return self._catalog.places(infix)

    def fingerprint(self, dataset: BoundDataSet) -> str:
        """Number of rows, the sum of their hashes, and a digest of the columns' names and types; bookkeeping left out.

        The sum is one of HUGEINT, which is exact; DuckDB sums UHUGEINT as DOUBLE, so that the order of rows shows.

        Raises:
            StoreError: the table lacks a declared column.
        """
        live = self.describe(dataset.place)
        if live is None:
            return ""
        there = {column.name.lower(): column for column in live.columns}
        wanted = sorted({column.name.lower() for column in dataset.columns} or there)
        if missing := [name for name in wanted if name not in there]:
            raise StoreError(f"{dataset.place} lacks {', '.join(missing)}, which DataSet {dataset.name} declares")
        names = ", ".join(statements.quoted(name) for name in wanted)
        ((rows, total),) = self._rows(
            f"SELECT count(*), coalesce(sum(hash({names})::HUGEINT), 0) FROM {statements.qualified(dataset.place)}"
        )
        columns = ",".join(f"{name} {there[name].type}" for name in wanted)
        return f"{rows}-{int(total):x}-{hashlib.blake2b(columns.encode(), digest_size=6).hexdigest()}"

    def violations(self, dataset: BoundDataSet) -> list[Violation]:
        """Run each test of the contract as one query that counts the rows that fail; none can write."""
        self._database.execute("BEGIN TRANSACTION READ ONLY")
        try:
            return self._failed(dataset)
        finally:
            self._database.rollback()

    def _failed(self, dataset: BoundDataSet) -> list[Violation]:
        found = []
        for test, subject, query in checks.queries(dataset):
            try:
                ((rows,),) = self._rows(query)
            except duckdb.Error as fault:
                reason = f"test {test}({subject}) of {dataset.name} cannot run: {_first_line(fault)}"
                raise StoreError(reason) from fault
            if rows:
                found.append(Violation(test, subject, rows))
        return found

    def _word(self, place: Place) -> str:
        found = self._catalog.find(place)
        return found.kind if found else "TABLE"

    def _nulls(self, dataset: BoundDataSet, change: Change) -> bool:
        name = change.before.name if change.before else change.column
        table = statements.qualified(dataset.place)
        ((rows,),) = self._rows(f"SELECT count(*) FROM {table} WHERE {statements.quoted(name)} IS NULL")
        return bool(rows)

    def _rows(self, query: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
        return self._database.execute(query, parameters).fetchall()

    def _together(self, sql: Sequence[str]) -> None:
        self._database.begin()
        try:
            for statement in sql:
                self._database.execute(statement)
        except duckdb.Error as fault:
            self._database.rollback()
            raise StoreError(f"DuckDB refused `{statement}`: {fault}") from fault
        self._database.commit()
