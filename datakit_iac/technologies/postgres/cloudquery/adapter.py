"""The specs of the CloudQuery destination and source of Postgres."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from datakit_iac.cloudquery_plugins.adapters import Pair, Sync
from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.technologies.postgres.dialect import spoken
from datakit_iac.technologies.postgres.factory import Postgres
from datakit_iac.technologies.sql.loading.rendering import spec


class PostgresDestination:
    """A Postgres database as a destination of rows."""

    executable = "datakit-destination-postgres"
    opens = "datakit_iac.technologies.postgres.cloudquery:open_destination"

    def spec(self, sync: Sync) -> Mapping[str, Any]:
        """The connection, and the tests that each output must pass before its rows are committed."""
        connection = sync.pairs[0].target.connection
        return {"connection": _fields(connection), **spec(spoken(connection.options), sync)}

    def others(self, targets: Sequence[BoundDataSet]) -> Mapping[str, Any]:
        """The address with the schema of the tables: https://hub.cloudquery.io/plugins/destination/cloudquery/postgresql.

        Raises:
            ValueError: they are in several schemas.
        """
        connection = targets[0].connection
        schemas = {spoken(connection.options).parts(each.place)[0] for each in targets}
        if len(schemas) > 1:
            raise ValueError(
                f"its outputs are in the schemas {', '.join(sorted(schemas))}; make one Transform for each"
            )
        return _address(connection, schemas.pop())


class PostgresSource:
    """A Postgres database as a source of rows."""

    executable = "datakit-source-postgres"
    opens = "datakit_iac.technologies.postgres.cloudquery:open_source"
    reading = frozenset[str]()

    def spec(self, sync: Sync) -> Mapping[str, Any]:
        """A table for each pair, with its connection."""
        refused = {"quarantine": str(sync.quarantine.target.place)} if sync.quarantine else {}
        return {"tables": [_table(pair) for pair in sync.pairs], **refused}

    def missing(self, dataset: BoundDataSet) -> Sequence[str]:
        """Nothing that can be told without asking the server."""
        return ()

    def others(self, connection: Connection) -> Mapping[str, Any]:
        """The address: https://hub.cloudquery.io/plugins/source/cloudquery/postgresql."""
        return _address(connection)


def _address(connection: Connection, schema: str = "") -> dict[str, Any]:
    options = {**connection.options, **({"schema": schema} if schema else {})}
    address = Postgres().dsn(replace(connection, options=options))
    return {"connection_string": Secret(address) if connection.secrets else address}


def _fields(connection: Connection) -> dict[str, Any]:
    """The fields of the connection; secrets stay `Secret` objects."""
    return {**connection.options, **connection.secrets}


def _table(pair: Pair) -> dict[str, Any]:
    columns = [
        {"name": column.name, "type": str(column.type), "required": column.required, "key": column.primary_key}
        for column in pair.target.columns
    ]
    return {
        "name": str(pair.target.place),
        "connection": _fields(pair.source.connection),
        "table": str(pair.source.place),
        "columns": columns,
    }
