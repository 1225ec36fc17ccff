"""One sync into a DuckDB file, as one transaction."""

from __future__ import annotations

from datakit_iac.technologies.duckdb.cloudquery.database import DuckDBDatabase
from datakit_iac.technologies.duckdb.cloudquery.spec import DuckDBSpec
from datakit_iac.technologies.sql.loading import load


class Load(load.Load):
    """A transaction that begins with the first message and ends with `commit` or `abandon`.

    DuckDB compresses whole row groups of 122,880 rows while they are inserted, and smaller ones only in the commit,
    where it costs 0.2 s on 336,776 rows: so many are written at once.

    Raises:
        PluginFault: the file cannot be opened.
    """

    rows_at_once = 500_000

    def __init__(self, spec: DuckDBSpec) -> None:
        super().__init__(DuckDBDatabase(spec), spec)
