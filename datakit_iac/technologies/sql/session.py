"""An open SQL database, as far as all of them are alike."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.technologies import tags
from datakit_iac.technologies.data_version import DataVersion, of_hashes
from datakit_iac.technologies.evolution import Change
from datakit_iac.technologies.looking import Profile, Sample
from datakit_iac.technologies.ownership import Mark
from datakit_iac.technologies.sql import data_tests, ddl, looking
from datakit_iac.technologies.sql.database import Database, Queries, first_line
from datakit_iac.technologies.technology import FailedTest, StoreError, TableState


class SqlSession(Queries, ABC):
    """Tables of one open database, in all the roles of a session; see `datakit_iac.technologies.roles`.

    A technology adds what asks its catalog.
    """

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        if self.dialect.comments:
            self.together([ddl.comments_table(self.dialect)])

    @abstractmethod
    def version(self) -> str:
        """The server's or library's version."""

    @abstractmethod
    def relation(self, place: Place) -> tuple[str, str, Sequence[Column]] | None:
        """What is at a place: its kind as `ALTER` names it (`TABLE`, `VIEW`), its comment and columns; or None."""

    @abstractmethod
    def places(self, infix: str) -> list[Place]:
        """Tables and views whose names contain a text, in whatever case."""

    def written(self, place: Place | None) -> None:
        """Take note of a change: of what a place is, or, for None, of more than one."""

    def describe(self, place: Place) -> TableState | None:
        """The columns, comment and mark, from the catalog."""
        found = self.relation(place)
        if found is None:
            return None
        kind, comment, columns = found
        return self.state(kind, comment, columns, self.is_empty(place, kind))

    def state(self, kind: str, comment: str, columns: Iterable[Column], is_empty: bool | None) -> TableState:
        """What the catalog tells of a table or view, in plain values."""
        description, mark = Mark.split(comment)
        description, said = tags.split(description) if self.dialect.tags else (description, {})
        return TableState(tuple(columns), description, mark, is_empty, _is_view(kind), said.get("classification"))

    def is_empty(self, place: Place, kind: str) -> bool:
        """Whether there are no rows."""
        try:
            return not self.rows(f"SELECT 1 FROM {self.dialect.qualified(place)} LIMIT 1")
        except self.failure:
            if _is_view(kind):
                return True  # what it reads has changed: it gives nothing until its Run makes it again
            raise

    def comments(self, place: Place) -> dict[str, str]:
        """The comments of a place that are kept in a table: of each column by its name, its own under the empty one."""
        table = self.dialect.quote(self.dialect.comments)
        return dict(self.rows(f"SELECT part, comment FROM {table} WHERE object = ?", [self.dialect.address(place)]))

    def count(self, place: Place) -> int:
        """How many rows there are."""
        return self.number(f"SELECT count(*) FROM {self.dialect.qualified(place)}")

    def synced(self, place: Place, time: str) -> tuple[int, int]:
        """The rows stamped with the time, whatever type of time the column has, and all rows."""
        same = f"{self.dialect.quote('_cq_sync_time')} = {self.dialect.literal(time)}"
        stamps = f"count(CASE WHEN {same} THEN 1 END)"
        ((stamped, total),) = self.rows(f"SELECT {stamps}, count(*) FROM {self.dialect.qualified(place)}")
        return int(stamped), int(total)

    def create(self, dataset: BoundDataSet, mark: Mark) -> None:
        """Make the table with comments and mark in one transaction."""
        self.together([*ddl.schema(self.dialect, dataset.place), *self.making(dataset, mark)])
        self.written(dataset.place)

    def making(self, dataset: BoundDataSet, mark: Mark) -> list[str]:
        """What makes a table in a schema that is there."""
        dialect = self.dialect
        return [*ddl.table(dialect, dataset), *ddl.comments(dialect, dataset), *ddl.stamp(dialect, dataset, mark)]

    def alter(self, dataset: BoundDataSet, changes: Sequence[Change], mark: Mark) -> None:
        """Carry out the changes and stamp the table, in one transaction.

        A column is required only once no row lacks its value, and a key is one only once no two rows have the same;
        until then the tests of the contract say so. A view takes descriptions only: its columns are what its query
        gives.
        """
        found = self.relation(dataset.place)
        kind = found[0] if found else "TABLE"
        if found and _is_view(kind):
            there = {column.name.lower() for column in found[2]}
            possible = [each for each in changes if each.kind == "describe" and each.column.lower() in there]
        else:
            possible = [each for each in changes if not self._lacks(dataset.place, each)]
            self._refuse_misfits(dataset.place, possible)
        self.together(chain(self.altering(dataset, possible), ddl.stamp(self.dialect, dataset, mark, kind=kind)))
        self.written(dataset.place if all(change.kind == "describe" for change in possible) else None)

    def altering(self, dataset: BoundDataSet, changes: Sequence[Change]) -> Iterable[str]:
        """What carries out changes; each statement is asked for once those before it are carried out."""
        return ddl.alter(self.dialect, dataset.place, changes)

    def misfits(self, place: Place, change: Change) -> int:
        """How many values do not fit the narrower type of a change."""
        fitting = self.dialect.fitting
        if change.kind != "narrow" or change.before is None or change.after is None or fitting is None:
            return 0
        column = self.dialect.quote(change.before.name)
        misfit = f"{column} IS NOT NULL AND ({fitting(column, change.before.type, change.after.type)}) IS NULL"
        return self.number(f"SELECT count(*) FROM {self.dialect.qualified(place)} WHERE {misfit}")

    def _refuse_misfits(self, place: Place, changes: Sequence[Change]) -> None:
        lossy = ((each, self.misfits(place, each)) for each in changes if not each.loses_misfits)
        if told := [f"{each}, and {count:,} of its values do not fit" for each, count in lossy if count]:
            raise StoreError(f"{place}: {'; '.join(told)}; nothing was altered")

    def rename(self, place: Place, name: str) -> None:
        """Rename the table or view within its schema."""
        self.together(ddl.rename(self.dialect, place, name, kind=self._kind(place)))
        self.written(None)

    def drop(self, place: Place) -> None:
        """Drop the table or view."""
        self.together(ddl.drop(self.dialect, place, kind=self._kind(place)))
        self.written(None)

    def data_version(self, dataset: BoundDataSet) -> DataVersion | None:
        """A digest of the rows, in whatever order they are, and of the columns' names and types; bookkeeping left out.

        Raises:
            StoreError: the table lacks a declared column.
        """
        columns = self.declared(dataset)
        if columns is None:
            return None
        names = ", ".join(self.dialect.quote(column.name) for column in columns)
        table = self.dialect.qualified(dataset.place)
        if self.dialect.hash_sum:
            ((rows, total),) = self.rows(f"SELECT count(*), {self.dialect.hash_sum.format(names)} FROM {table}")
            return of_hashes(rows, total, columns)
        digest = hashlib.blake2b(",".join(f"{each.name.lower()} {each.type}" for each in columns).encode())
        for row in self.database.execute(f"SELECT {names} FROM {table} ORDER BY {names}"):
            digest.update(repr(tuple(row)).encode())
        return DataVersion(digest.hexdigest()[:32])

    def declared(self, dataset: BoundDataSet) -> list[Column] | None:
        """The columns that a DataSet declares, or all, as they are there and sorted; None where nothing is there.

        Raises:
            StoreError: the table lacks one.
        """
        found = self.relation(dataset.place)
        if found is None:
            return None
        there = {column.name.lower(): column for column in found[2]}
        wanted = sorted({column.name.lower() for column in dataset.columns} or there)
        if missing := [name for name in wanted if name not in there]:
            raise StoreError(f"{dataset.place} lacks {', '.join(missing)}, which DataSet {dataset.name} declares")
        return [there[name] for name in wanted]

    def violations(self, dataset: BoundDataSet) -> list[FailedTest]:
        """Run each test of the contract as one query that counts the rows that fail; none can write."""
        with self._reading():
            return [
                found for each in data_tests.queries(self.dialect, dataset) if (found := self._failed(dataset, each))
            ]

    def _failed(self, dataset: BoundDataSet, query: data_tests.Query) -> FailedTest | None:
        test, subject, sql = query
        try:
            rows = self.number(sql)
        except self.failure as fault:
            reason = f"test {test}({subject}) of {dataset.name} cannot run: {first_line(fault)}"
            raise StoreError(reason) from fault
        return FailedTest(test, subject, rows) if rows else None

    def sample(self, dataset: BoundDataSet, *, limit: int, where: str = "", show_pii: bool = False) -> Sample:
        """Some rows, chosen by the database itself, in a transaction that cannot write."""
        looking.demand_condition(where, dataset, show_pii=show_pii)
        relation = self._seen(dataset)
        with self._reading():
            return looking.sample(relation, dataset, limit=limit, where=where, show_pii=show_pii)

    def profile(self, dataset: BoundDataSet, *, show_pii: bool = False) -> Profile:
        """What each column is like, counted by the database itself."""
        relation = self._seen(dataset)
        with self._reading():
            return looking.profile(relation, dataset, show_pii=show_pii)

    def _seen(self, dataset: BoundDataSet) -> looking.Relation:
        found = self.relation(dataset.place)
        if found is None:
            raise StoreError(f"there is no table {dataset.place}; `dk apply` makes it")
        table = self.dialect.qualified(dataset.place)
        return looking.Relation(self.dialect, table, found[2], self.rows, self.failure)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        self.database.execute(self.dialect.begin_reading)
        try:
            yield
        except BaseException:
            with suppress(self.failure):  # the first error is the one to report
                self.database.execute(self.dialect.end_reading)
            raise
        self.database.execute(self.dialect.end_reading)

    def _kind(self, place: Place) -> str:
        found = self.relation(place)
        return found[0] if found else "TABLE"

    def _lacks(self, place: Place, change: Change) -> bool:
        """Whether rows do not allow a column to be required, or a key to be one."""
        table = self.dialect.qualified(place)
        if change.kind == "require":
            name = change.before.name if change.before else change.column
            return bool(self.rows(f"SELECT 1 FROM {table} WHERE {self.dialect.quote(name)} IS NULL LIMIT 1"))
        if change.kind != "add-key":
            return False
        if None in change.former_key:  # a column that is added has no value in any row
            return bool(self.rows(f"SELECT 1 FROM {table} LIMIT 1"))
        names = [self.dialect.quote(column.name) for column in change.former_key if column]
        empty = " OR ".join(f"{name} IS NULL" for name in names)
        again = f"SELECT 1 FROM {table} GROUP BY {', '.join(names)} HAVING count(*) > 1 LIMIT 1"
        return bool(self.rows(f"SELECT 1 FROM {table} WHERE {empty} LIMIT 1") or self.rows(again))


def _is_view(kind: str) -> bool:
    return kind in ("VIEW", "MATERIALIZED VIEW")
