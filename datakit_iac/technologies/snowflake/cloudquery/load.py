"""One sync into a Snowflake database; see the package's docstring."""

from __future__ import annotations

from datakit_iac.technologies.snowflake.cloudquery.database import SnowflakeDatabase
from datakit_iac.technologies.snowflake.cloudquery.spec import SnowflakeSpec
from datakit_iac.technologies.sql.loading import load


class Load(load.Load):
    """A sync that changes rows once all have come, and ends with `commit` or `abandon`.

    A file of some hundred megabytes is what Snowflake copies best.

    Raises:
        PluginFault: the database cannot be opened.
    """

    rows_at_once = 500_000

    def __init__(self, spec: SnowflakeSpec) -> None:
        super().__init__(SnowflakeDatabase(spec.connection), spec)
