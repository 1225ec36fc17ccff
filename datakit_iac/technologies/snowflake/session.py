"""An open Snowflake database, which is made where it should be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import snowflake.connector

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.technologies import tags
from datakit_iac.technologies.evolution import Change
from datakit_iac.technologies.ownership import Mark
from datakit_iac.technologies.snowflake import catalog, grants, statements
from datakit_iac.technologies.snowflake.dialect import literal, quote, spoken
from datakit_iac.technologies.snowflake.opening import SignInError, Statements, connected, patience
from datakit_iac.technologies.snowflake.refusals import refused, unreachable
from datakit_iac.technologies.sql import ddl
from datakit_iac.technologies.sql.grants import found as granted
from datakit_iac.technologies.sql.session import SqlSession
from datakit_iac.technologies.sql.snapshot import Snapshot
from datakit_iac.technologies.technology import StoreError, StoreMissingError, TableState


@contextmanager
def connect(
    connection: Connection, *, create: bool = False, snapshot: Snapshot[catalog.Relation] | None = None
) -> Iterator[SnowflakeSession]:
    """An open database.

    Args:
        connection: how it is reached.
        create: whether it and its schema are made where they are not there.
        snapshot: what its other sessions share.

    Raises:
        StoreMissingError: it is not there, and is not to be made.
        StoreError: the account cannot be reached, or refuses the user or the role.
    """
    options = {**connection.options, **{name: each.reveal() for name, each in connection.secrets.items()}}
    try:
        database = connected(options, network_timeout=patience(options))
    except (SignInError, snowflake.connector.Error) as fault:
        raise StoreError(unreachable(options, fault)) from fault
    try:
        session = SnowflakeSession(database, options, snapshot)
        session.enter(create=create)
        yield session
    except snowflake.connector.Error as fault:
        raise StoreError(refused(fault)) from fault
    finally:
        with suppress(snowflake.connector.Error):
            database.close(retry=False)


class SnowflakeSession(SqlSession):
    """Tables of one open Snowflake database."""

    failure = snowflake.connector.Error

    def __init__(
        self,
        database: snowflake.connector.SnowflakeConnection,
        options: Mapping[str, Any],
        snapshot: Snapshot[catalog.Relation] | None = None,
    ) -> None:
        self.dialect = spoken(options)
        self._connection, self._options, self._name = database, options, str(options["database"])
        self._snapshot = snapshot or Snapshot()
        self._grants: Mapping[str, str] = options.get("grants") or {}
        super().__init__(Statements(database))

    def enter(self, *, create: bool) -> None:
        """Make the database the current one, and its default schema where that is there.

        Raises:
            StoreMissingError: the database is not there, or the role may not see it, and it is not to be made.
        """
        schema = self.dialect.default_schema
        if not any(row[1] == self._name.upper() for row in self.rows(f"SHOW DATABASES LIKE {literal(self._name)}")):
            if not create:
                advice = "let its Store make it (`create: true`), grant the role USAGE, or fix the name"
                raise StoreMissingError(
                    f"there is no database {self._name} in account {self._options['account']} that the role may use;"
                    f" {advice}"
                )
            self.together([f"CREATE DATABASE IF NOT EXISTS {quote(self._name)}"])
        self.together([f"USE DATABASE {quote(self._name)}"])
        if create:
            self.make_schema(schema)
        if self._has_schema(schema):
            self.together([f"USE SCHEMA {quote(self._name)}.{quote(schema)}"])

    def together(self, statements: Iterable[str]) -> None:
        """Run statements one after the other: Snowflake commits each that defines something, in a transaction or not.

        Raises:
            StoreError: one was refused; those before it are done.
        """
        for number, statement in enumerate(statements):
            try:
                self.database.execute(statement)
            except self.failure as fault:
                kept = "; what was done before it stays, and the next run does the rest" if number else ""
                raise StoreError(f"{self.refusal(fault, statement)}{kept}") from fault

    def refusal(self, fault: Exception, statement: str) -> str:
        """Why a statement was not carried out."""
        if isinstance(fault, snowflake.connector.Error):
            return refused(fault, statement)
        return super().refusal(fault, statement)

    def make_schema(self, name: str) -> None:
        """Make a schema that is not there; to ask for that first takes no privilege."""
        if not self._has_schema(name):
            self.together([f"CREATE SCHEMA IF NOT EXISTS {quote(self._name)}.{quote(name)}"])

    def _has_schema(self, name: str) -> bool:
        return catalog.has_schema(self.rows, self._name, name)

    def version(self) -> str:
        """The server's version."""
        ((version,),) = self.rows("SELECT CURRENT_VERSION()")
        return str(version)

    def relation(self, place: Place) -> tuple[str, str, Sequence[Column]] | None:
        """A table or view, from the catalog."""
        found = self.live(place)
        return (found.kind, found.comment, found.columns) if found else None

    def live(self, place: Place) -> catalog.Relation | None:
        """What the catalog tells now."""
        return catalog.find(self.rows, self._name, self.dialect.parts(place), privileges=bool(self._grants))

    def describe(self, place: Place) -> TableState | None:
        """What the catalog tells, and what the roles that the connection names may do."""
        found = self.live(place)
        return self._state(found, self.is_empty(place, found.kind)) if found else None

    def recent(self, place: Place) -> TableState | None:
        """What the catalog told a moment ago."""

        def read() -> Mapping[tuple[str, str], catalog.Relation]:
            return catalog.everything(self.rows, self._name, privileges=bool(self._grants))

        schema, name = self.dialect.parts(place)
        found = self._snapshot.find(read, (schema.upper(), name.upper()))
        return self._state(found, None) if found else None

    def written(self, place: Place | None) -> None:
        """Read the catalog again when it is asked next."""
        self._snapshot.forget()

    def interrupt(self) -> None:
        """End the statement that is carried out now."""
        with suppress(snowflake.connector.Error):
            self._connection.cursor().execute(f"SELECT SYSTEM$CANCEL_ALL_QUERIES({self._connection.session_id})")

    def _state(self, found: catalog.Relation, is_empty: bool | None) -> TableState:
        state = self.state(found.kind, found.comment, found.columns, is_empty)
        return state if found.granted is None else replace(state, grants=self._access(found))

    def _access(self, found: catalog.Relation | None) -> dict[str, str]:
        """What each role that is named may do; Snowflake tells roles in capitals."""
        there = found.granted if found and found.granted else {}
        return granted(self._grants, {role: there.get(role.upper(), ()) for role in self._grants})

    def create(self, dataset: BoundDataSet, mark: Mark) -> None:
        """Make the table by one statement, comments and mark in it; its schema before, and its grants after."""
        self.make_schema(self.dialect.parts(dataset.place)[0])
        granting = grants.statements(self.dialect, self._name, dataset.place, self._grants, {}, kind="TABLE")
        self.together([statements.create(self._options, dataset, mark), *granting])
        self.written(dataset.place)

    def alter(self, dataset: BoundDataSet, changes: Sequence[Change], mark: Mark) -> None:
        """Stamp the table, then carry out the changes: where that ends early, the mark tells that rows are due."""
        found = self.live(dataset.place)
        kind = found.kind if found else "TABLE"
        there = {column.name.lower() for column in (found.columns if found else ())}
        if kind == "TABLE":
            possible = [each for each in changes if not self._lacks(dataset.place, each)]
        else:
            possible = [each for each in changes if each.kind == "describe" and each.column.lower() in there]
        _, said = tags.split(Mark.split(found.comment)[0] if found else "")
        done = statements.alter(self._options, dataset, possible, said.get("classification"), kind)
        granting = grants.statements(
            self.dialect, self._name, dataset.place, self._grants, self._access(found), kind=kind
        )
        self.together([*ddl.stamp(self.dialect, dataset, mark, kind=kind), *done, *granting])
        self.written(dataset.place)

    def rename(self, place: Place, name: str) -> None:
        """Rename the table or view within its schema."""
        found = self.live(place)
        self.together([statements.rename(self._options, place, name, kind=found.kind if found else "TABLE")])
        self.written(None)

    def places(self, infix: str) -> list[Place]:
        """Tables and views whose names contain a text, in whatever case."""
        return catalog.places(self.rows, self._name, infix)

    def primary_key(self, place: Place) -> frozenset[str]:
        """The columns of a table's primary key, in lower case."""
        found = self.live(place)
        return frozenset(each.name.lower() for each in (found.described if found else ()) if each.is_key)
