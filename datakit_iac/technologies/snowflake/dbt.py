"""How dbt reaches a database of a Snowflake account."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.runtimes.dbt.profile import THREADS, Profile, demand_schema, secret
from datakit_iac.technologies.snowflake import types

_SAID: Final = ("account", "user", "role", "warehouse", "authenticator", "host", "port", "protocol")
_SECRETS: Final = {
    "password": "password",
    "privateKey": "private_key",
    "privateKeyPassphrase": "private_key_passphrase",
    "token": "token",
}
"""https://docs.getdbt.com/docs/core/connect-data-platform/snowflake-setup"""


class SnowflakeProfile:
    """One database is built in; every database of the account can be read."""

    module = ""  # not imported ahead: the connector takes longer than all of dbt
    default_schema = "PUBLIC"

    def profile(self, output: BoundDataSet, schema: str, inputs: Sequence[BoundDataSet]) -> Profile:
        """The profile of dbt-snowflake.

        Raises:
            ValueError: an input is in another account, or dbt's adapter is not installed.
        """
        if not _is_installed():
            raise ValueError(
                "dbt needs its adapter for Snowflake, which is not installed: pip install 'datakit-iac[dbt-snowflake]'"
            )
        home = output.connection
        databases: dict[str, str] = {}
        for dataset in inputs:
            if _account(dataset.connection) != _account(home):
                raise ValueError(
                    f"input {dataset.name} is in {_shown(dataset.connection)}; dbt on Snowflake reads the account it"
                    f" writes to only ({_shown(home)}), so load it into that first"
                )
            demand_schema(dataset, output, _schema)
            if _database(dataset.connection) != _database(home):
                databases[dataset.store] = _database(dataset.connection)
        env: dict[str, Secret] = {}
        options = home.options
        target: dict[str, Any] = {
            "type": "snowflake",
            **{name: options[name] for name in _SAID if name in options},
            **{spelled: secret(output, name, env) for name, spelled in _SECRETS.items() if name in home.secrets},
            "database": _database(home),
            "schema": schema,
            "threads": THREADS,
            "query_tag": "datakit",
        }
        if "token" in home.secrets:
            target.setdefault("authenticator", "oauth")
        return Profile(target, _database(home), databases, env=env, type_name=types.write)


def _is_installed() -> bool:
    try:
        return bool(version("dbt-snowflake"))
    except PackageNotFoundError:
        return False


def _schema(connection: Connection) -> str:
    return str(connection.options.get("schema", SnowflakeProfile.default_schema)).upper()


def _database(connection: Connection) -> str:
    return str(connection.options.get("database", "")).upper()


def _account(connection: Connection) -> tuple[str, str]:
    return connection.technology, str(connection.options.get("account", "")).lower()


def _shown(connection: Connection) -> str:
    account = connection.options.get("account")
    return f"{connection.technology}{f' account {account}' if account else ''}"
