"""What a Snowflake database holds, of one table or of all of them, by a constant number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError

from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.technologies import tags
from datakit_iac.technologies.snowflake import types
from datakit_iac.technologies.snowflake.dialect import SNOWFLAKE, literal, quote
from datakit_iac.technologies.sql.names import quoted
from datakit_iac.technologies.technology import StoreError

Rows = Callable[[str], list[tuple[Any, ...]]]
"""Runs a query."""

_RELATIONS: Final = "SELECT table_schema, table_name, table_type, comment, is_dynamic FROM {}.information_schema.tables"
_COLUMNS: Final = (
    "SELECT table_schema, table_name, column_name, data_type, character_maximum_length, numeric_precision,"
    " numeric_scale, is_nullable, comment, column_default FROM {}.information_schema.columns"
)
"""https://docs.snowflake.com/en/sql-reference/info-schema"""
_PRIVILEGES: Final = (
    "SELECT table_schema, table_name, grantee, privilege_type FROM {}.information_schema.table_privileges"
)
_OF_USERS: Final = " WHERE table_schema <> 'INFORMATION_SCHEMA'"
_BOOKKEEPING: Final = "_CQ_"
_KINDS: Final = {"VIEW": "VIEW", "MATERIALIZED VIEW": "MATERIALIZED VIEW", "EXTERNAL TABLE": "EXTERNAL TABLE"}
_MOST_SHOWN: Final = 10_000
"""Rows that SHOW gives at most (https://docs.snowflake.com/en/sql-reference/sql/show)."""
_SCHEMA, _TABLE, _KEY_COLUMN = 2, 3, 4
"""Columns of what SHOW PRIMARY KEYS gives (https://docs.snowflake.com/en/sql-reference/sql/show-primary-keys)."""


@dataclass(frozen=True, slots=True)
class Described:
    """A column as the catalog tells it."""

    name: str
    spelling: str
    is_required: bool
    comment: str
    has_default: bool
    is_key: bool = False


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view.

    Attributes:
        kind: what it is, as `ALTER` names it.
        comment: its own, mark included.
        described: its columns, those of loaders too.
        granted: the privileges of each role that was granted some; None where that was not asked.
    """

    kind: str
    comment: str
    described: Sequence[Described] = ()
    granted: Mapping[str, Collection[str]] | None = field(default=None)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns but loaders' bookkeeping, in their order."""
        return tuple(_column(each) for each in self.described if not each.name.startswith(_BOOKKEEPING))


def find(rows: Rows, database: str, name: tuple[str, str], *, privileges: bool) -> Relation | None:
    """What is at a place now.

    Args:
        rows: runs a query.
        database: its name.
        name: schema and table.
        privileges: whether to ask what roles may do.
    """
    schema, table = (each.upper() for each in name)
    one = f" WHERE table_schema = {literal(schema)} AND table_name = {literal(table)}"
    found = rows(_RELATIONS.format(quote(database)) + one)
    if not found:
        return None
    # A view has no key, and only what is there can be asked for one.
    keyed = f"TABLE {quote(database)}.{quote(schema)}.{quote(table)}" if _kind(found[0]) == "TABLE" else ""
    return _relations(rows, database, found, one, keyed, privileges=privileges)[schema, table]


def everything(rows: Rows, database: str, *, privileges: bool) -> dict[tuple[str, str], Relation]:
    """All tables and views but Snowflake's own, by schema and name."""
    found = rows(_RELATIONS.format(quote(database)) + _OF_USERS)
    return _relations(rows, database, found, _OF_USERS, f"DATABASE {quote(database)}", privileges=privileges)


def places(rows: Rows, database: str, infix: str) -> list[Place]:
    """Tables and views whose names contain a text, in whatever case."""
    contained = f" AND CONTAINS(table_name, {literal(infix.upper())}) ORDER BY 1, 2"
    found = rows(_RELATIONS.format(quote(database)) + _OF_USERS + contained)
    return [Place(table=f"{shown(schema)}.{shown(name)}") for schema, name, *_ in found]


def has_schema(rows: Rows, database: str, name: str) -> bool:
    """Whether there is a schema, in whatever case."""
    named = f"schema_name = {literal(name.upper())}"
    return bool(rows(f"SELECT 1 FROM {quote(database)}.information_schema.schemata WHERE {named}"))


def _relations(
    rows: Rows, database: str, found: Sequence[Sequence[Any]], which: str, keyed: str, *, privileges: bool
) -> dict[tuple[str, str], Relation]:
    shown = rows(f"SHOW PRIMARY KEYS IN {keyed}") if keyed else []
    if len(shown) >= _MOST_SHOWN:
        schemas = sorted({row[0] for row in found})
        shown = [each for schema in schemas for each in _keys_of_schema(rows, f"{quote(database)}.{quoted(schema)}")]
    keys = {(row[_SCHEMA], row[_TABLE], row[_KEY_COLUMN]) for row in shown}
    columns: defaultdict[tuple[str, str], list[Described]] = defaultdict(list)
    for schema, table, name, kind, length, precision, scale, nullable, comment, default in rows(
        f"{_COLUMNS.format(quote(database))}{which} ORDER BY table_schema, table_name, ordinal_position"
    ):
        spelling = types.spelled(kind, length, precision, scale)
        is_key = (schema, table, name) in keys
        described = Described(name, spelling, nullable == "NO", comment or "", default is not None, is_key)
        columns[schema, table].append(described)
    granted: defaultdict[tuple[str, str], defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for schema, table, role, privilege in rows(_PRIVILEGES.format(quote(database)) + which) if privileges else ():
        if privilege != "OWNERSHIP":  # which is not granted or revoked here
            granted[schema, table][role].add(privilege)
    return {
        (row[0], row[1]): Relation(
            _kind(row), row[3] or "", columns[row[0], row[1]], granted[row[0], row[1]] if privileges else None
        )
        for row in found
    }


def _keys_of_schema(rows: Rows, schema: str) -> list[tuple[Any, ...]]:
    shown = rows(f"SHOW PRIMARY KEYS IN SCHEMA {schema}")
    if len(shown) >= _MOST_SHOWN:
        raise StoreError(
            f"Snowflake shows the first {_MOST_SHOWN:,} columns of keys in {schema} alone: divide the schema"
        )
    return shown


def _kind(row: Sequence[Any]) -> str:
    return "DYNAMIC TABLE" if row[4] == "YES" else _KINDS.get(row[2], "TABLE")


def shown(name: str) -> str:
    """A name as manifests have it: what is in capitals here was not quoted."""
    return name.lower() if name == name.upper() else name


def _column(found: Described) -> Column:
    description, said = tags.split(found.comment)
    told = {
        "name": shown(found.name),
        "type": SNOWFLAKE.type_of(found.spelling),
        "nullable": not found.is_required,
        "primaryKey": found.is_key,
    }
    try:
        return Column.model_validate({**told, "description": description, **said})
    except ValidationError:  # somebody else's words for it
        return Column.model_validate({**told, "description": found.comment})
