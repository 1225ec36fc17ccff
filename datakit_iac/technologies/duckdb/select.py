"""Whether a text is one SELECT over tables of the database: nothing that writes, and nothing that reads a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import duckdb

_FUNCTIONS: Final = frozenset(
    {"range", "generate_series", "unnest", "repeat", "repeat_row", "json_each", "json_tree", "generate_subscripts"}
)
"""Table functions that only make rows of their arguments; all others may reach files, settings or other SQL."""
_SIGNS_OF_FILES: Final = frozenset("./\\:*?[")
"""In the name of a table: DuckDB reads a file where there is no table of such a name."""


def fault(sql: str) -> str:
    """Why a text is not such a SELECT, as a phrase; empty where it is one.

    >>> fault("SELECT id FROM users WHERE id NOT IN (SELECT * FROM range(3))"), fault("DROP TABLE users")
    ('', 'is DROP; expected one SELECT, which gives the rows that fail')
    >>> fault("FROM 'users.csv'"), fault("SELECT * FROM glob('*')")
    ("reads 'users.csv'; expected tables of this database", 'calls glob(); expected tables of this database')
    """
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as invalid:
        return f"cannot run: {_first_line(invalid)}; expected one SELECT"
    if [statement.type for statement in statements] != [duckdb.StatementType.SELECT]:
        found = " and ".join(statement.type.name for statement in statements) or "nothing"
        return f"is {found}; expected one SELECT, which gives the rows that fail"
    with duckdb.connect() as parser:
        row = parser.execute("SELECT json_serialize_sql(?)", [sql]).fetchone()
    tree = json.loads(row[0]) if row else {"error": True}
    if tree["error"]:
        return f"cannot be looked through: {tree.get('error_message', '')}; write it without PIVOT"
    return next(_strange(tree), "")


def _strange(tree: Any) -> Iterator[str]:
    """What a parsed SELECT (DuckDB documentation, JSON › SQL to and from JSON) reads beside tables."""
    if isinstance(tree, list):
        for each in tree:
            yield from _strange(each)
    elif isinstance(tree, dict):
        called = tree["function"].get("function_name", "") if tree.get("type") == "TABLE_FUNCTION" else ""
        if called and called.lower() not in _FUNCTIONS:
            yield f"calls {called}(); expected tables of this database"
        name = tree.get("table_name", "") if tree.get("type") == "BASE_TABLE" else ""
        if _SIGNS_OF_FILES & set(name):
            yield f"reads {name!r}; expected tables of this database"
        for each in tree.values():
            yield from _strange(each)


def _first_line(invalid: Exception) -> str:
    return str(invalid).partition("\n")[0]
