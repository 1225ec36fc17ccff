"""Rewriting a table for what DuckDB's `ALTER TABLE` cannot do: the order of columns, and the types of a key's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from datakit_iac.manifest.models.dataset import Place
from datakit_iac.technologies.duckdb import narrowing, types
from datakit_iac.technologies.duckdb.catalog import Rows
from datakit_iac.technologies.duckdb.dialect import DUCKDB
from datakit_iac.technologies.evolution import Change
from datakit_iac.technologies.sql import shadow
from datakit_iac.technologies.sql.names import literal, quoted
from datakit_iac.technologies.technology import StoreError

_OF: Final = "database_name = current_database() AND lower(schema_name) = lower(?) AND lower(table_name) = lower(?)"
_COLUMNS: Final = f"""
    SELECT column_name, data_type, NOT is_nullable, comment FROM duckdb_columns() WHERE {_OF} ORDER BY column_index
"""
_TABLE: Final = f"SELECT comment FROM duckdb_tables() WHERE {_OF}"
_KEY: Final = f"""
    SELECT unnest(constraint_column_names) FROM duckdb_constraints() WHERE constraint_type = 'PRIMARY KEY' AND {_OF}
"""
_LOST: Final = f"""
    SELECT 'index ' || index_name FROM duckdb_indexes() WHERE {_OF}
    UNION SELECT constraint_text FROM duckdb_constraints()
          WHERE constraint_type NOT IN ('PRIMARY KEY', 'NOT NULL') AND {_OF}
    UNION SELECT 'the default of column ' || column_name FROM duckdb_columns()
          WHERE column_default IS NOT NULL AND {_OF}
    UNION SELECT 'the foreign key of table ' || table_name FROM duckdb_constraints()
          WHERE database_name = current_database() AND lower(referenced_table) = lower(?)
    ORDER BY 1
"""
"""https://duckdb.org/docs/stable/sql/meta/duckdb_table_functions"""


def is_needed(rows: Rows, place: Place, change: Change) -> bool:
    """Whether `ALTER TABLE` cannot carry out a change."""
    if change.kind == "reorder":
        return True
    key = {name.lower() for (name,) in rows(_KEY, DUCKDB.parts(place))}
    return change.kind in ("widen", "narrow") and change.column.lower() in key


def statements(rows: Rows, place: Place, change: Change) -> Iterator[str]:
    """What carries it out, each statement to be carried out before the next is asked for.

    Rows, types, `NOT NULL`, primary key and comments are those of the table.

    Args:
        rows: runs a query in the same transaction.
        place: the table.
        change: a change that needs it.

    Raises:
        StoreError: others have made of the table what the copy would not have.
    """
    of = DUCKDB.parts(place)
    described = rows(_COLUMNS, of)
    there = [shadow.Copied(name, spelling, required) for name, spelling, required, _ in described]
    wanted = shadow.ordered(there, change.order) if change.order else [_retyped(each, change) for each in there]
    if wanted == there:
        return
    if lost := [text for (text,) in rows(_LOST, [*of, *of, *of, of[1]])]:
        raise StoreError(shadow.refusal(place, lost))
    ((comment,),) = rows(_TABLE, of)
    yield from shadow.filled(DUCKDB, place, wanted, [name for (name,) in rows(_KEY, of)])
    yield from shadow.swapped(DUCKDB, place)
    table = DUCKDB.qualified(place)
    texts = [(f"COLUMN {table}.{quoted(name)}", text) for name, _, _, text in described]
    for what, text in [*texts, (f"TABLE {table}", comment)]:
        if text:
            yield f"COMMENT ON {what} IS {literal(text)}"


def _retyped(column: shadow.Copied, change: Change) -> shadow.Copied:
    before, after = change.before, change.after
    if before is None or after is None or column.name.lower() != change.column.lower():
        return column
    value = narrowing.fitting(quoted(column.name), before.type, after.type)
    return replace(column, spelling=types.write(after.type), value=value)
