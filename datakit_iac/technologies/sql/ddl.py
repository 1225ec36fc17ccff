"""The statements that make and alter tables, as text."""

from __future__ import annotations

from collections.abc import Iterable

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.technologies import tags
from datakit_iac.technologies.evolution import Change
from datakit_iac.technologies.ownership import Mark
from datakit_iac.technologies.sql import shadow
from datakit_iac.technologies.sql.dialect import Dialect
from datakit_iac.technologies.sql.names import quoted
from datakit_iac.technologies.technology import StoreError


def create(dialect: Dialect, dataset: BoundDataSet) -> list[str]:
    """What makes the schema and the table.

    A primary key is a constraint only where the dialect has keys; elsewhere it is a promise that tests keep, not an
    index: analytical databases have none or check it row by row.
    """
    return [*schema(dialect, dataset.place), *table(dialect, dataset)]


def schema(dialect: Dialect, place: Place) -> list[str]:
    """What makes the schema of a place, where there are schemas."""
    name, _ = dialect.parts(place)
    return [f"CREATE SCHEMA IF NOT EXISTS {dialect.quote(name)}"] if name else []


def table(dialect: Dialect, dataset: BoundDataSet) -> list[str]:
    """What makes the table, in a schema that is there."""
    parts = [_definition(dialect, column) for column in dataset.columns]
    if dialect.keys and (key := [column.name for column in dataset.columns if column.primary_key]):
        parts.append(f"PRIMARY KEY ({', '.join(map(dialect.quote, key))})")
    return [f"CREATE TABLE {dialect.qualified(dataset.place)} ({', '.join(parts)})"]


def alter(dialect: Dialect, place: Place, changes: Iterable[Change], *, key: str = "") -> list[str]:
    """What carries out changes, in their order.

    Args:
        dialect: how the database spells them.
        place: the table.
        changes: what is changed.
        key: the name of the constraint that is its primary key, if it is not the one that such a table has by default.

    Raises:
        StoreError: the database cannot.
    """
    key = key or f"{dialect.parts(place)[1]}_pkey"
    return [statement for change in changes for statement in _alter(dialect, place, change, key)]


def comments(dialect: Dialect, dataset: BoundDataSet) -> list[str]:
    """The description of each column that has one."""
    texts = {column.name: _described(dialect, column) for column in dataset.columns}
    described = ((name, text) for name, text in texts.items() if text)
    return [each for name, text in described for each in _comment(dialect, dataset.place, name, text)]


def stamp(dialect: Dialect, dataset: BoundDataSet, mark: Mark, *, kind: str = "TABLE") -> list[str]:
    """The comment of the table or view: its description and whose it is."""
    said = dataset.description
    if dialect.tags:
        said = tags.written(said, {"classification": dataset.classification})
    return _comment(dialect, dataset.place, "", mark.append_to(said), kind)


def rename(dialect: Dialect, place: Place, name: str, *, kind: str = "TABLE") -> list[str]:
    """What gives a table or view another name in its schema."""
    moved = f"ALTER {kind} {dialect.qualified(place)} RENAME TO {dialect.quote(name)}"
    within, _ = dialect.parts(place)
    of = Place(table=f"{within}.{name}" if within else name)
    return [moved, *_moved(dialect, place, f"object = {dialect.literal(dialect.address(of))}")]


def drop(dialect: Dialect, place: Place, *, kind: str = "TABLE") -> list[str]:
    """What removes a table or view, with its data."""
    return [f"DROP {kind} {dialect.qualified(place)}", *_forgotten(dialect, place)]


def comments_table(dialect: Dialect) -> str:
    """What makes the table of comments, by object and column; the column is empty for the object itself."""
    table = quoted(dialect.comments)
    return f"CREATE TABLE IF NOT EXISTS {table} (object TEXT, part TEXT, comment TEXT, PRIMARY KEY (object, part))"


def _alter(dialect: Dialect, place: Place, change: Change, key: str) -> list[str]:
    table, column = dialect.qualified(place), dialect.quote(change.column)
    before, after = change.before, change.after
    is_beyond = change.kind == "widen" and before and after and not dialect.widens(before.type, after.type)
    if change.kind not in dialect.alters or is_beyond:
        if change.kind in ("require", "allow-null"):
            return []
        raise StoreError(f"{place}: {change}, which {dialect.name} cannot do; make the DataSet at another place")
    match change.kind:
        case "add" if after:
            # Without NOT NULL: rows that are there have no value yet; it follows once none is empty.
            return [f"ALTER TABLE {table} ADD COLUMN {column} {dialect.write(after.type)}"]
        case "rename" if before:
            renamed = f"ALTER TABLE {table} RENAME COLUMN {dialect.quote(before.name)} TO {column}"
            return [renamed, *_moved(dialect, place, f"part = {dialect.literal(change.column)}", before.name)]
        case "widen" if after:
            return [f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {dialect.write(after.type)}"]
        case "narrow" if before and after and dialect.fitting:
            using = dialect.fitting(column, before.type, after.type)
            return [f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {dialect.write(after.type)} USING {using}"]
        case "drop":
            return [f"ALTER TABLE {table} DROP COLUMN {column}", *_forgotten(dialect, place, change.column)]
        case "allow-null":
            return [f"ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL"]
        case "require":
            return [f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL"]
        case "describe" if after:
            return _comment(dialect, place, change.column, _described(dialect, after))
        case "drop-key":
            return [f"ALTER TABLE {table} {dialect.drop_key.format(dialect.quote(key))}"]
        case "add-key":
            return [
                f"ALTER TABLE {table} ADD PRIMARY KEY ({', '.join(dialect.quote(each.name) for each in change.key)})"
            ]
        case "reorder":  # of what a session finds in the table besides, nothing is known here
            return shadow.told(dialect, place, change.order)
    raise ValueError(f"a change of kind {change.kind} lacks its column")


def _described(dialect: Dialect, column: Column) -> str:
    """The comment of a column."""
    return tags.written(column.description, tags.of_column(column)) if dialect.tags else column.description


def _definition(dialect: Dialect, column: Column) -> str:
    required = " NOT NULL" if column.required and "require" in dialect.alters else ""
    return f"{dialect.quote(column.name)} {dialect.write(column.type)}{required}"


def _comment(dialect: Dialect, place: Place, column: str, text: str, kind: str = "TABLE") -> list[str]:
    if not dialect.comments:
        table = dialect.qualified(place)
        what = f"COLUMN {table}.{dialect.quote(column)}" if column else f"{kind} {table}"
        return [f"COMMENT ON {what} IS {dialect.literal(text)}"]
    values = ", ".join(map(dialect.literal, (dialect.address(place), column, text)))
    return [*_forgotten(dialect, place, column), f"INSERT INTO {quoted(dialect.comments)} VALUES ({values})"]


def _moved(dialect: Dialect, place: Place, to: str, part: str | None = None) -> list[str]:
    """What keeps comments with what is renamed, where they are in a table."""
    return [f"UPDATE {quoted(dialect.comments)} SET {to}{_of(dialect, place, part)}"] if dialect.comments else []


def _forgotten(dialect: Dialect, place: Place, part: str | None = None) -> list[str]:
    return [f"DELETE FROM {quoted(dialect.comments)}{_of(dialect, place, part)}"] if dialect.comments else []


def _of(dialect: Dialect, place: Place, part: str | None) -> str:
    """The condition that finds the comments of a place, or of one part of it."""
    found = f" WHERE object = {dialect.literal(dialect.address(place))}"
    return found if part is None else f"{found} AND part = {dialect.literal(part)}"
