"""How dbt reaches a database of a Postgres server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.runtimes.dbt.profile import THREADS, Profile, demand_schema, secret
from datakit_iac.technologies.postgres import types


class PostgresProfile:
    """One database is built in and read; Postgres reads no other."""

    module = "dbt.adapters.postgres"
    default_schema = "public"

    def profile(self, output: BoundDataSet, schema: str, inputs: Sequence[BoundDataSet]) -> Profile:
        """The profile of dbt-postgres.

        Raises:
            ValueError: an input is in another database.
        """
        home = output.connection
        for dataset in inputs:
            if _database(dataset.connection) != _database(home):
                raise ValueError(
                    f"input {dataset.name} is in {_shown(dataset.connection)}; dbt on Postgres reads the database it"
                    f" writes to only ({_shown(home)}), so load it into that first"
                )
            demand_schema(dataset, output, _schema)
        env: dict[str, Secret] = {}
        options = home.options
        target: dict[str, Any] = {
            "type": "postgres",
            "host": options.get("host", ""),
            "port": options.get("port", 5432),
            "dbname": options.get("database", ""),
            "user": options.get("user", ""),
            "password": secret(output, "password", env) if "password" in home.secrets else "",
            "schema": schema,
            "threads": THREADS,
            "sslmode": options.get("sslmode", "prefer"),
            "connect_timeout": options.get("connectTimeout", 10),
        }
        if "sslrootcert" in options:
            target["sslrootcert"] = options["sslrootcert"]
        return Profile(target, str(options.get("database", "")), env=env, type_name=types.write)


def _schema(connection: Connection) -> str:
    return str(connection.options.get("schema", PostgresProfile.default_schema))


def _database(connection: Connection) -> tuple[Any, ...]:
    """What tells one database from another."""
    options = connection.options
    where = (str(options.get("host", "")).lower(), options.get("port", 5432), options.get("database"))
    return (connection.technology, *(where if connection.technology == "postgres" else ()))


def _shown(connection: Connection) -> str:
    options = connection.options
    named = f" {options['database']} at {options.get('host')}" if "database" in options else ""
    return f"{connection.technology}{named}"
