"""Connecting to a Snowflake account; the driver and what a connection says are all that is imported."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Final

import snowflake.connector
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from snowflake.connector import SnowflakeConnection
from snowflake.connector.cursor import SnowflakeCursor

_SIGNS_IN: Final = ("user", "password", "token", "authenticator", "role", "warehouse", "host", "port", "protocol")
"""The fields that are parameters of the connector, under the same names, beside the account."""
_VARIABLES: Final = {name: f"SNOWFLAKE_{name.upper()}" for name in _SIGNS_IN}
"""By which a Store is signed in to of which only the location is known: those of Snowflake's own command line."""
_PATIENCE: Final = 60
_APPLICATION: Final = "datakit"


class SignInError(Exception):
    """What a connection says cannot sign in; no secret is in the text."""


def parameters(options: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of the connector, secrets included.

    Source: https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api#module-snowflake-connector

    Args:
        options: the fields of `SnowflakeConnection`, secrets among them, by the names that manifests use.

    Raises:
        SignInError: no user is named, or the private key cannot be read.
    """
    given = {name: value for name, value in options.items() if name in ("account", *_SIGNS_IN)}
    if not any(name in options for name in ("user", "token", "authenticator")):
        given |= {name: os.environ[each] for name, each in _VARIABLES.items() if each in os.environ}
    if "privateKey" in options:
        given["private_key"] = _der(options["privateKey"], options.get("privateKeyPassphrase"))
        given.setdefault("authenticator", "SNOWFLAKE_JWT")
    elif "token" in given:
        given.setdefault("authenticator", "OAUTH")
    if not any(name in given for name in ("user", "token", "authenticator")):
        raise SignInError("no user is named to sign in: give `user` and a secret, or set SNOWFLAKE_USER")
    settings: dict[str, Any] = {
        "AUTOCOMMIT": True,
        "TIMEZONE": "UTC",
        "QUERY_TAG": _APPLICATION,
        "LOCK_TIMEOUT": options.get("lockTimeout", 30),
        "CLIENT_TELEMETRY_ENABLED": False,
        "CLIENT_OUT_OF_BAND_TELEMETRY_ENABLED": False,
    }
    if seconds := options.get("statementTimeout"):
        settings["STATEMENT_TIMEOUT_IN_SECONDS"] = seconds
    return {
        **given,
        "application": _APPLICATION,
        "login_timeout": patience(options),
        "platform_detection_timeout_seconds": 0,  # which asks the machine where it runs
        "session_parameters": settings,
    }


def patience(options: Mapping[str, Any]) -> int:
    """Seconds to wait for a server that does not answer."""
    return int(options.get("connectTimeout", _PATIENCE))


class Cursor(SnowflakeCursor):
    """One that waits for an answer as long as its connection says, and for a statement as long as that takes.

    The connector's `network_timeout` is both: it ends the retries of a request, and cancels whatever takes longer.
    """

    def _SnowflakeCursorBase__cancel_query(self, query: str) -> None:  # noqa: N802 - where the connector cancels
        """The server ends a statement that takes longer than `statementTimeout`."""


class Statements:
    """An open connection of the connector as one that executes without a cursor.

    Attributes:
        connection: the connection, which commits each statement.
    """

    def __init__(self, connection: SnowflakeConnection) -> None:
        self.connection = connection

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> SnowflakeCursor:
        """Run one statement; without parameters, a percent sign in it is one."""
        cursor = self.connection.cursor(Cursor)
        cursor.execute(sql, tuple(parameters) or None)
        return cursor

    def executemany(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run one statement for each row of parameters."""
        self.connection.cursor(Cursor).executemany(sql, rows)

    def close(self) -> None:
        """Close it, and leave what was not committed."""
        self.connection.close()


def connected(options: Mapping[str, Any], **more: Any) -> SnowflakeConnection:
    """An open connection that commits each statement, in UTC.

    Args:
        options: the fields of `SnowflakeConnection`, secrets among them, by the names that manifests use.
        more: parameters of the connector: `database` and `schema`, whose absence is not an error of a login, and with a
            `Cursor`, `network_timeout`.

    Raises:
        SignInError: no user is named, or the private key cannot be read.
        snowflake.connector.Error: the account cannot be reached, or refuses the user or the role.
    """
    return snowflake.connector.connect(**parameters(options), **more)


def _der(pem: str, passphrase: str | None) -> bytes:
    """A private key as the connector takes it.

    Raises:
        SignInError: it cannot be read.
    """
    try:
        key = load_pem_private_key(pem.encode(), passphrase.encode() if passphrase else None)
        return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    except (TypeError, ValueError):
        why = "its passphrase is wrong" if passphrase else "it is encrypted and no `privateKeyPassphrase` is given"
        raise SignInError(f"the secret `privateKey` cannot be read: it is not a private key in PEM, or {why}") from None
