"""Giving a table the columns that a source sends, without losing what is in it."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.cloudquery_plugins.types import from_arrow
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.sql.loading.database import Database, LiveColumn, LiveTable, RefusedError, TableName

_FORCE: Final = ", or change the type by force (migrate_mode: forced), which loses the values that do not fit"


def migrate(
    database: Database, live: LiveTable | None, schema: pa.Schema, *, force: bool, keyed: bool = True
) -> list[str]:
    """Make the table, or add and widen its columns; notes on what was lost by force.

    Safe: columns are added and widened. Anything else needs `force`, and even then the table, its other columns and
    its comments stay. A view gives way to a table: it has no rows of its own.

    Args:
        database: in the sync's transaction.
        live: what is there.
        schema: the columns that come.
        force: whether a type may be changed though values are lost.
        keyed: whether a table that is made gets its primary key as an index; else a test holds it.

    Raises:
        PluginFault: the table cannot take these columns; every reason is listed.
    """
    name = database.name(wire.table_name(schema))
    if live is None or live.is_view:
        if live:
            database.execute(f"DROP VIEW {name.sql}")
        elif name.schema:
            database.create_schema(name.schema)
        database.execute(_create(database, name, schema, keyed))
        return []
    changes = _Changes(database, name, force)
    for field in schema:
        column = live.columns.get(database.folded(field.name))
        wanted = _type(name, field)
        if column is None:
            changes.add(field, wanted)
        elif not _takes(column, database.canonical(wanted)):
            changes.retype(column, wanted)
    changes.faults += _unfilled(database, name, live, schema)
    if changes.faults:
        raise PluginFault("\n".join(changes.faults))
    for statement in changes.statements:
        _alter(database, name, statement)
    return changes.notes


class _Changes:
    """What is to be done to a table, what forbids it, and what is lost by it."""

    def __init__(self, database: Database, name: TableName, force: bool) -> None:
        self._database, self._name, self._force = database, name, force
        self.statements, self.faults, self.notes = list[str](), list[str](), list[str]()

    def add(self, field: pa.Field, wanted: DataType) -> None:
        """A column that is not there."""
        if not field.nullable and (rows := self._database.count(self._name)):
            self.faults.append(
                f"{self._name} lacks the required column {field.name}, and its {rows:,} rows would have no value in it:"
                " declare it nullable, or fill the table again"
            )
        column = f"{self._database.quoted(field.name)} {self._database.write(wanted)}"
        self.statements.append(f"ALTER TABLE {self._name.sql} ADD COLUMN {column}")

    def retype(self, column: LiveColumn, wanted: DataType) -> None:
        """A column that does not take what comes."""
        target, sql = self._database.quoted(column.name), self._database.write(wanted)
        changed = f"ALTER TABLE {self._name.sql} ALTER COLUMN {target} TYPE {sql}"
        if self._database.widens and column.type and wanted.widens(column.type):
            self.statements.append(changed)
        elif self._database.widens and self._force:
            fitting = self._database.cast_or_null(target, wanted)
            if lost := self._database.count(self._name, f"{target} IS NOT NULL AND {fitting} IS NULL"):
                lossy = f"{lost:,} values were no {wanted} and were lost by the forced migration"
                self.notes.append(f"{self._name}.{column.name}: {lossy}")
            self.statements.append(f"{changed} USING {fitting}")
        else:
            shown = column.type or column.spelling
            self.faults.append(
                f"{self._name}.{column.name} is {shown}, the source sends {wanted}, and {shown} does not hold every"
                f" {wanted}: declare the column {shown} in the contract{_FORCE if self._database.widens else ''}"
            )


def _create(database: Database, name: TableName, schema: pa.Schema, keyed: bool) -> str:
    columns = [
        f"{database.quoted(field.name)} {database.write(_type(name, field))}{'' if field.nullable else ' NOT NULL'}"
        for field in schema
    ]
    if keyed and (key := wire.primary_key(schema)):
        columns.append(f"PRIMARY KEY ({', '.join(map(database.quoted, key))})")
    return f"CREATE TABLE {name.sql} ({', '.join(columns)})"


def _type(name: TableName, field: pa.Field) -> DataType:
    try:
        return from_arrow(field.type)
    except ValueError as fault:
        raise PluginFault(f"{name}.{field.name}: {fault}") from fault


def _takes(column: LiveColumn, wanted: DataType) -> bool:
    """Whether every value fits. Arrow tells no length of texts: the database itself refuses those that are too long."""
    if column.type is None:
        return False
    return (column.type.name == wanted.name == "string") or column.type.widens(wanted)


def _unfilled(database: Database, name: TableName, live: LiveTable, schema: pa.Schema) -> list[str]:
    sent = {database.folded(field.name) for field in schema}
    return [
        f"{name}.{column.name} is required, but the source sends no such column: drop NOT NULL, or send it"
        for key, column in live.columns.items()
        if key not in sent and column.is_required and not column.has_default
    ]


def _alter(database: Database, name: TableName, statement: str) -> None:
    try:
        database.execute(statement)
    except RefusedError as fault:
        raise PluginFault(
            f"{name} cannot be changed: {fault} (`{statement}`); drop the constraint or index that prevents it"
        ) from fault
