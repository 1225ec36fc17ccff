"""Snowflake's SQL (https://docs.snowflake.com/en/sql-reference-commands)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from datakit_iac.technologies.snowflake import types
from datakit_iac.technologies.snowflake.select import fault
from datakit_iac.technologies.sql import names
from datakit_iac.technologies.sql.dialect import ALL, Dialect


def quote(name: str) -> str:
    """A name in capitals, quoted: that is how Snowflake reads an unquoted name.

    >>> quote("users")
    '"USERS"'
    """
    return names.quoted(name.upper())


def literal(text: str) -> str:
    r"""A text literal, in which a backslash escapes.

    >>> print(literal(r"it's \n"))
    'it''s \\n'
    """
    return names.literal(text.replace("\\", "\\\\"))


SNOWFLAKE: Final = Dialect(
    name="Snowflake",
    write=types.write,
    read=types.read,
    default_schema="PUBLIC",
    alters=ALL - {"narrow", "reorder"},
    epoch="DATE_PART(EPOCH_SECOND, {})",
    now="CURRENT_TIMESTAMP()",
    begin_reading="BEGIN TRANSACTION",  # there is none that only reads
    keys=True,
    tags=True,
    select_fault=fault,
    quote=quote,
    literal=literal,
    widens=types.widens,
    hash_sum="COALESCE(SUM(HASH({})::NUMBER(37,0)), 0)",
    drop_key="DROP PRIMARY KEY",
)


def spoken(options: Mapping[str, Any]) -> Dialect:
    """The dialect of one Store, whose connection says the schema of a table that names none."""
    return replace(SNOWFLAKE, default_schema=str(options.get("schema", SNOWFLAKE.default_schema)))


def qualified(name: str) -> str:
    """The name of a tag, policy or role as a connection says it, each part quoted.

    >>> qualified("governance.tags.pii")
    '"GOVERNANCE"."TAGS"."PII"'
    """
    return ".".join(map(quote, name.split(".")))
