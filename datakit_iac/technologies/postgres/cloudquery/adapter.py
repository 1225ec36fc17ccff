"""The specs of the CloudQuery destination and source of Postgres."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datakit_iac.cloudquery_plugins.adapters import Pair, Sync
from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.technologies.postgres.dialect import spoken
from datakit_iac.technologies.sql.loading.rendering import spec


class PostgresDestination:
    """A Postgres database as a destination of rows."""

    executable = "datakit-destination-postgres"

    def spec(self, sync: Sync) -> Mapping[str, Any]:
        """The connection, and the tests that each output must pass before its rows are committed."""
        connection = sync.pairs[0].target.connection
        return {"connection": _fields(connection), **spec(spoken(connection.options), sync)}


class PostgresSource:
    """A Postgres database as a source of rows."""

    executable = "datakit-source-postgres"
    reading = frozenset[str]()

    def spec(self, sync: Sync) -> Mapping[str, Any]:
        """A table for each pair, with its connection."""
        refused = {"quarantine": str(sync.quarantine.target.place)} if sync.quarantine else {}
        return {"tables": [_table(pair) for pair in sync.pairs], **refused}

    def missing(self, dataset: BoundDataSet) -> Sequence[str]:
        """Nothing that can be told without asking the server."""
        return ()


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
