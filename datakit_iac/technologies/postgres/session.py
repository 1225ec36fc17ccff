"""An open Postgres database, which is made where it should be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, Final

import psycopg

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.technologies.data_version import DataVersion, of_hashes
from datakit_iac.technologies.evolution import Change
from datakit_iac.technologies.ownership import Mark
from datakit_iac.technologies.postgres import catalog, grants, labels, rewriting
from datakit_iac.technologies.postgres.databases import Database, Statements, opened
from datakit_iac.technologies.postgres.dialect import spoken
from datakit_iac.technologies.postgres.refusals import refused
from datakit_iac.technologies.sql import ddl
from datakit_iac.technologies.sql.grants import found as granted
from datakit_iac.technologies.sql.names import literal, quoted
from datakit_iac.technologies.sql.session import SqlSession
from datakit_iac.technologies.sql.snapshot import Snapshot
from datakit_iac.technologies.technology import FailedTest, StoreError, TableState

_PATIENCE: Final = 3.0
"""Seconds that the server may take to hear that a statement is to end."""


@contextmanager
def connect(
    connection: Connection, *, create: bool = False, snapshot: Snapshot[catalog.Relation] | None = None
) -> Iterator[PostgresSession]:
    """An open database.

    Args:
        connection: how it is reached.
        create: whether it and its schema are made where they are not there.
        snapshot: what its other sessions share.

    Raises:
        StoreMissingError: it is not there, and is not to be made.
        StoreError: the server cannot be reached, or refuses the role.
    """
    options = {**connection.options, **{name: each.reveal() for name, each in connection.secrets.items()}}
    database = opened(options, create=create)
    try:
        session = PostgresSession(database, options, snapshot)
        if create:
            session.make_schema(session.dialect.default_schema)
        yield session
    except psycopg.Error as fault:
        raise StoreError(refused(fault)) from fault
    finally:
        database.close()


class PostgresSession(SqlSession):
    """Tables of one open Postgres database."""

    failure = psycopg.Error

    def __init__(
        self, database: Database, options: Mapping[str, Any], snapshot: Snapshot[catalog.Relation] | None = None
    ) -> None:
        self.dialect = spoken(options)
        self._connection, self._snapshot = database, snapshot or Snapshot()
        self._grants: Mapping[str, str] = options.get("grants") or {}
        self._said_labels: Mapping[str, Any] = options.get("securityLabels") or {}
        self._notes: list[str] = []
        super().__init__(Statements(database))
        self._labels = self._said_labels if self._has_provider() else {}

    def refusal(self, fault: Exception, statement: str) -> str:
        """Why a statement was not carried out."""
        return refused(fault, statement) if isinstance(fault, psycopg.Error) else super().refusal(fault, statement)

    def make_schema(self, name: str) -> None:
        """Make a schema that is not there; two who do so at a time wait for each other."""
        if not self.rows("SELECT 1 FROM pg_namespace WHERE nspname = %s", [name]):
            turn = f"SELECT pg_advisory_xact_lock(hashtext({literal(f'datakit schema {name}')}))"
            self.together([turn, f"CREATE SCHEMA IF NOT EXISTS {quoted(name)}"])

    def version(self) -> str:
        """The server's version."""
        ((version,),) = self.rows("SHOW server_version")
        return str(version)

    def relation(self, place: Place) -> tuple[str, str, Sequence[Column]] | None:
        """A table or view, from the catalog."""
        found = self._find(place)
        return (found.kind, found.comment, found.columns) if found else None

    def describe(self, place: Place) -> TableState | None:
        """What the catalog tells, and what the roles that the connection names may do."""
        found = self._find(place)
        return self._state(found, self.is_empty(place, found.kind)) if found else None

    def recent(self, place: Place) -> TableState | None:
        """What the catalog told a moment ago."""
        found = self._snapshot.find(lambda: catalog.everything(self.rows), self.dialect.parts(place))
        return self._state(found, None) if found else None

    def written(self, place: Place | None) -> None:
        """Read the catalog again when it is asked next."""
        self._snapshot.forget()

    def interrupt(self) -> None:
        """End the statement that is carried out now."""
        with suppress(psycopg.Error):
            self._connection.cancel_safe(timeout=_PATIENCE)

    def _state(self, found: catalog.Relation, is_empty: bool | None) -> TableState:
        state = self.state(found.kind, found.comment, found.columns, is_empty)
        if self._labels:
            state = labels.as_labelled(self._labels, state, found.labels(self._labels["provider"]))
        return replace(state, grants=granted(self._grants, found.granted))

    def create(self, dataset: BoundDataSet, mark: Mark) -> None:
        """Make the table with comments, mark and grants in one transaction; its schema before, where there is none."""
        self.make_schema(self.dialect.parts(dataset.place)[0])
        granting = grants.statements(self.dialect, dataset.place, self._grants, {})
        self.together([*self.making(dataset, mark), *granting, *self._labelling(dataset, "TABLE")])
        self.written(dataset.place)

    def altering(self, dataset: BoundDataSet, changes: Sequence[Change]) -> Iterator[str]:
        """What carries out changes, and gives the roles what they should have."""
        found = self._find(dataset.place)
        there = granted(self._grants, found.granted if found else {})
        for change in map(_as_there, changes):
            if change.kind == "reorder":
                yield from rewriting.statements(self.rows, self.dialect, dataset.place, change.order)
            else:
                yield from ddl.alter(self.dialect, dataset.place, [change], key=found.key if found else "")
        yield from grants.statements(self.dialect, dataset.place, self._grants, there)
        yield from self._labelling(dataset, found.kind if found else "TABLE")

    def notes(self) -> list[str]:
        """The labels that were not set since this was last asked, for want of their provider."""
        told, self._notes = self._notes, []
        return told

    def _labelling(self, dataset: BoundDataSet, kind: str) -> list[str]:
        """What gives a table its labels, as they differ by now."""
        if not self._labels:
            if labels.wanted(self._said_labels, dataset):
                provider = self._said_labels["provider"]
                self._notes.append(
                    f"{dataset.place} has no security labels: the server has not loaded their provider {provider!r}"
                    " (shared_preload_libraries)"
                )
            return []
        found = self._find(dataset.place)
        there = found.labels(self._labels["provider"]) if found else {}
        return labels.statements(self._labels, self.dialect, dataset, there, kind=kind)

    def _has_provider(self) -> bool:
        """Whether the server has loaded the provider of the connection's labels, which no catalog tells."""
        if not self._said_labels:
            return False
        try:
            self.rows(labels.probe(self._said_labels["provider"]))
        except psycopg.errors.InvalidParameterValue:
            return False
        except psycopg.Error:
            return True
        return True

    def demand_rewritable(self, place: Place) -> None:
        """Others have made nothing of a table that a copy would not have."""
        rewriting.demand_possible(self.rows, self.dialect, place)

    def violations(self, dataset: BoundDataSet) -> list[FailedTest]:
        """Run the tests of the contract, on columns as their names are spelled there."""
        found = self._find(dataset.place)
        names = {column.name.lower(): column.name for column in (found.columns if found else ())}
        there = (each.model_copy(update={"name": names.get(each.name.lower(), each.name)}) for each in dataset.columns)
        return super().violations(replace(dataset, columns=tuple(there)))

    def _find(self, place: Place) -> catalog.Relation | None:
        return catalog.find(self.rows, *self.dialect.parts(place))

    def places(self, infix: str) -> list[Place]:
        """Tables and views whose names contain a text, in whatever case."""
        return catalog.places(self.rows, infix)

    def data_version(self, dataset: BoundDataSet) -> DataVersion | None:
        """Number of rows, the sum of their hashes, and a digest of the columns' names and types; bookkeeping left out.

        Values are hashed as they are kept, so that no setting of a session shows; the sum is one of `numeric`, which is
        exact in any order.

        Raises:
            StoreError: the table lacks a declared column.
        """
        columns, found = self.declared(dataset), self._find(dataset.place)
        if columns is None or found is None:
            return None
        values = ", ".join(_hashed(column.name, found.spellings[column.name]) for column in columns)
        hashes = f"coalesce(sum(hash_record_extended(ROW({values}), 0)), 0)"
        ((rows, total),) = self.rows(f"SELECT count(*), {hashes} FROM {self.dialect.qualified(dataset.place)}")
        return of_hashes(rows, total, columns)


def _as_there(change: Change) -> Change:
    """A change that names columns as they are spelled there: what differs in case only is the same column here."""
    before = change.before
    if change.kind != "rename" and before and before.name.lower() == change.column.lower():
        change = replace(change, column=before.name)
    pairs = zip(change.key, change.former_key, strict=True)
    key = (old if old and old.name.lower() == new.name.lower() else new for new, old in pairs)
    return replace(change, key=tuple(key))


_HASHED: Final = re.compile(
    r"^(?:boolean|smallint|integer|bigint|real|double precision|numeric|text|character varying|bytea|date|uuid|jsonb"
    r"|(?:time|timestamp)(?:\(\d\))? with(?:out)? time zone)(?:\([\d,-]+\))?(?:\[\])?$"
)
"""Types whose values Postgres hashes; the text of all others is hashed."""


def _hashed(name: str, spelling: str) -> str:
    return quoted(name) if _HASHED.match(spelling) else f"{quoted(name)}::text"
