"""The SQL that DuckDB is given (DuckDB documentation, SQL › Statements)."""

from __future__ import annotations

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.dataset import Column, Place
from datakit_iac.technologies.duckdb import narrowing, types
from datakit_iac.technologies.evolution import Change
from datakit_iac.technologies.ownership import Mark


def quoted(name: str) -> str:
    """An identifier, quoted."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text literal."""
    return "'" + text.replace("'", "''") + "'"


def parts(place: Place) -> tuple[str, str]:
    """Schema and table of a place; the schema is ``main`` where none is named."""
    schema, _, table = (place.table or "").rpartition(".")
    return schema or "main", table


def qualified(place: Place) -> str:
    """Schema and table, quoted."""
    return ".".join(map(quoted, parts(place)))


def create(dataset: BoundDataSet) -> list[str]:
    """What makes the schema and the table.

    A primary key is a promise that tests keep, not an index: DuckDB checks an index row by row, also against rows
    that the same transaction deletes, so a reload would be slow and would fail.
    """
    columns = ", ".join(_definition(column) for column in dataset.columns)
    return [
        f"CREATE SCHEMA IF NOT EXISTS {quoted(parts(dataset.place)[0])}",
        f"CREATE TABLE {qualified(dataset.place)} ({columns})",
    ]


def alter(place: Place, change: Change) -> str:
    """The one statement that carries out a change."""
    table, column = qualified(place), quoted(change.column)
    before, after = change.before, change.after
    match change.kind:
        case "add" if after:
            # Without NOT NULL: rows that are there have no value yet; it follows once none is empty.
            return f"ALTER TABLE {table} ADD COLUMN {column} {types.write(after.type)}"
        case "rename" if before:
            return f"ALTER TABLE {table} RENAME COLUMN {quoted(before.name)} TO {column}"
        case "widen" if after:
            return f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {types.write(after.type)}"
        case "narrow" if before and after:
            using = narrowing.fitting(column, before.type, after.type)
            return f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {types.write(after.type)} USING {using}"
        case "drop":
            return f"ALTER TABLE {table} DROP COLUMN {column}"
        case "allow-null":
            return f"ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL"
        case "require":
            return f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL"
        case "describe" if after:
            return f"COMMENT ON COLUMN {table}.{column} IS {literal(after.description)}"
    raise ValueError(f"a change of kind {change.kind} lacks its column")


def comments(dataset: BoundDataSet) -> list[str]:
    """One comment for each column that has a description."""
    table = qualified(dataset.place)
    return [
        f"COMMENT ON COLUMN {table}.{quoted(column.name)} IS {literal(column.description)}"
        for column in dataset.columns
        if column.description
    ]


def stamp(dataset: BoundDataSet, mark: Mark) -> str:
    """The comment of the table: its description and whose it is."""
    return f"COMMENT ON TABLE {qualified(dataset.place)} IS {literal(mark.append_to(dataset.description))}"


def _definition(column: Column) -> str:
    required = " NOT NULL" if column.required else ""
    return f"{quoted(column.name)} {types.write(column.type)}{required}"
