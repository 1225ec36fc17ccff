"""Postgres's SQL (https://www.postgresql.org/docs/current/sql.html)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from datakit_iac.technologies.postgres import narrowing, types
from datakit_iac.technologies.postgres.select import fault
from datakit_iac.technologies.sql.dialect import Dialect

POSTGRES: Final = Dialect(
    name="Postgres",
    write=types.write,
    read=types.read,
    default_schema="public",
    fitting=narrowing.fitting,
    lock="LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE",
    keys=True,
    tags=True,
    select_fault=fault,
)


def spoken(options: Mapping[str, Any]) -> Dialect:
    """The dialect of one Store, whose connection says the schema of a table that names none."""
    return replace(POSTGRES, default_schema=options.get("schema", POSTGRES.default_schema))
