"""The spec of the CloudQuery destination of Snowflake."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datakit_iac.cloudquery_plugins.adapters import Sync
from datakit_iac.technologies.snowflake.dialect import spoken
from datakit_iac.technologies.sql.loading.rendering import spec


class SnowflakeDestination:
    """A Snowflake database as a destination of rows."""

    executable = "datakit-destination-snowflake"
    opens = "datakit_iac.technologies.snowflake.cloudquery:open_destination"

    def spec(self, sync: Sync) -> Mapping[str, Any]:
        """The connection, and the tests that each output must pass before its rows are committed."""
        connection = sync.pairs[0].target.connection
        fields = {**connection.options, **connection.secrets}  # secrets stay `Secret` objects
        return {"connection": fields, **spec(spoken(connection.options), sync)}
