"""Names and texts as SQL spells them (ISO/IEC 9075-2, 5.3 and 5.4); the standard library alone, for plugins."""

from __future__ import annotations


def quoted(name: str) -> str:
    """An identifier, quoted.

    >>> quoted('my "own" table')
    '"my ""own"" table"'
    """
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text literal.

    >>> literal("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def split(table: str, default_schema: str = "") -> tuple[str, str]:
    """A table's schema and name; the schema is the default where the text says none.

    >>> split("raw.users"), split("users", "main")
    (('raw', 'users'), ('main', 'users'))
    """
    schema, _, name = table.rpartition(".")
    return schema or default_schema, name
