"""One sync into a Postgres database, as one transaction."""

from __future__ import annotations

from datakit_iac.technologies.postgres.cloudquery.database import PostgresDatabase
from datakit_iac.technologies.postgres.cloudquery.spec import PostgresSpec
from datakit_iac.technologies.sql.loading import load


class Load(load.Load):
    """A transaction that begins with the first message and ends with `commit` or `abandon`.

    Raises:
        PluginFault: the database cannot be opened, or an output is locked by others.
    """

    def __init__(self, spec: PostgresSpec) -> None:
        super().__init__(PostgresDatabase(spec.connection), spec)
