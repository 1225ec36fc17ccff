"""DuckDB's SQL (DuckDB documentation, SQL › Statements)."""

from __future__ import annotations

from typing import Final

from datakit_iac.technologies.duckdb import narrowing, types
from datakit_iac.technologies.sql.dialect import Dialect


def _select_fault(sql: str) -> str:
    from datakit_iac.technologies.duckdb import select  # late: it imports the driver

    return select.fault(sql)


DUCKDB: Final = Dialect(
    name="DuckDB",
    write=types.write,
    read=types.read,
    default_schema="main",
    epoch="epoch({})",
    now="now()",
    begin_reading="BEGIN TRANSACTION READ ONLY",
    fitting=narrowing.fitting,
    select_fault=_select_fault,
    hash_sum="coalesce(sum(hash({})::HUGEINT), 0)",  # UHUGEINT is summed as DOUBLE, so that the order of rows shows
)
