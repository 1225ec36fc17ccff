"""Giving a table the columns that a source sends, without losing what is in it."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.cloudquery_plugins.types import from_arrow
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.duckdb.cloudquery.tables import LiveColumn, LiveTable, TableName, count, describe
from datakit_iac.technologies.duckdb.types import write
from datakit_iac.technologies.sql.names import quoted

_FORCE = "or change the type by force (migrate_mode: forced), which loses the values that do not fit"


def migrate(connection: duckdb.DuckDBPyConnection, schema: pa.Schema, *, force: bool, keyed: bool = True) -> list[str]:
    """Make the table, or add and widen its columns; notes on what was lost by force.

    Safe: columns are added and widened. Anything else needs `force`, and even then the table, its other columns and
    its comments stay. A view gives way to a table: it has no rows of its own.

    Args:
        connection: in the sync's transaction.
        schema: the columns that come.
        force: whether a type may be changed though values are lost.
        keyed: whether a table that is made gets its primary key as an index; else a test holds it.

    Raises:
        PluginFault: the table cannot take these columns; every reason is listed.
    """
    name = TableName.parse(wire.table_name(schema))
    live = describe(connection, name)
    if live is None or live.is_view:
        if live:
            connection.execute(f"DROP VIEW {name.sql}")
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(name.schema)}")
        connection.execute(_create(name, schema, keyed))
        return []
    statements, faults, notes = list[str](), list[str](), list[str]()
    for field in schema:
        column = live.columns.get(field.name.lower())
        wanted = _type(name, field)
        if column is None:
            faults += _cannot_add(connection, name, field)
            statements.append(f"ALTER TABLE {name.sql} ADD COLUMN {quoted(field.name)} {write(wanted)}")
        elif not _takes(column, wanted):
            _change(connection, name, column, wanted, force, (statements, faults, notes))
    faults += _unfilled(name, live, schema)
    if faults:
        raise PluginFault("\n".join(faults))
    for statement in statements:
        _alter(connection, name, statement)
    return notes


def _create(name: TableName, schema: pa.Schema, keyed: bool) -> str:
    columns = [
        f"{quoted(field.name)} {write(_type(name, field))}{'' if field.nullable else ' NOT NULL'}" for field in schema
    ]
    if keyed and (key := wire.primary_key(schema)):
        columns.append(f"PRIMARY KEY ({', '.join(map(quoted, key))})")
    return f"CREATE TABLE {name.sql} ({', '.join(columns)})"


def _type(name: TableName, field: pa.Field) -> DataType:
    try:
        return from_arrow(field.type)
    except ValueError as fault:
        raise PluginFault(f"{name}.{field.name}: {fault}") from fault


def _takes(column: LiveColumn, wanted: DataType) -> bool:
    return column.type is not None and column.type.widens(_without_length(wanted))


def _without_length(data_type: DataType) -> DataType:
    return DataType("string") if data_type.name == "string" else data_type


def _change(
    connection: duckdb.DuckDBPyConnection,
    name: TableName,
    column: LiveColumn,
    wanted: DataType,
    force: bool,
    told: tuple[list[str], list[str], list[str]],
) -> None:
    statements, faults, notes = told
    target, sql = quoted(column.name), write(wanted)
    if column.type and wanted.widens(column.type):
        statements.append(f"ALTER TABLE {name.sql} ALTER COLUMN {target} TYPE {sql}")
    elif force:
        if lost := count(connection, name, f"{target} IS NOT NULL AND TRY_CAST({target} AS {sql}) IS NULL"):
            notes.append(
                f"{name}.{column.name}: {lost:,} values were no {wanted} and were lost by the forced migration"
            )
        statements.append(f"ALTER TABLE {name.sql} ALTER COLUMN {target} TYPE {sql} USING TRY_CAST({target} AS {sql})")
    else:
        shown = column.type or column.spelling
        faults.append(
            f"{name}.{column.name} is {shown}, the source sends {wanted}, and {shown} does not hold every"
            f" {wanted}: declare the column {shown} in the contract, {_FORCE}"
        )


def _cannot_add(connection: duckdb.DuckDBPyConnection, name: TableName, field: pa.Field) -> list[str]:
    if field.nullable or not (rows := count(connection, name)):
        return []
    return [
        f"{name} lacks the required column {field.name}, and its {rows:,} rows would have no value in it:"
        " declare it nullable, or fill the table again"
    ]


def _unfilled(name: TableName, live: LiveTable, schema: pa.Schema) -> list[str]:
    sent = {field.name.lower() for field in schema}
    return [
        f"{name}.{column.name} is required, but the source sends no such column: drop NOT NULL, or send it"
        for key, column in live.columns.items()
        if key not in sent and column.is_required and not column.has_default
    ]


def _alter(connection: duckdb.DuckDBPyConnection, name: TableName, statement: str) -> None:
    try:
        connection.execute(statement)
    except duckdb.Error as fault:
        first = str(fault).partition("\n")[0]
        raise PluginFault(
            f"{name} cannot be changed: {first} (`{statement}`); drop the constraint or index that stands against it"
        ) from fault
