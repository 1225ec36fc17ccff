"""Connecting to a Postgres server; the driver and what a connection says are all that is imported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import psycopg

_LIBPQ: Final = {
    "host": "host",
    "port": "port",
    "database": "dbname",
    "user": "user",
    "password": "password",
    "sslmode": "sslmode",
    "sslrootcert": "sslrootcert",
    "connectTimeout": "connect_timeout",
}
_APPLICATION: Final = "datakit"


_SETTINGS: Final = {
    "timezone": "UTC",
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "standard_conforming_strings": "on",
}
"""So that texts of values are the same whatever a role or database has set for itself."""


def parameters(options: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of libpq for a connection, its password included.

    Source: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS

    Args:
        options: the fields of `PostgresConnection`, secrets among them, by the names that manifests use.
    """
    schema = str(options.get("schema", "public")).replace('"', '""')
    settings = {"search_path": f'"{schema}"', **_SETTINGS}
    for name, setting in (("statementTimeout", "statement_timeout"), ("lockTimeout", "lock_timeout")):
        if seconds := options.get(name, 30 if name == "lockTimeout" else None):
            settings[setting] = f"{seconds}s"
    said = " ".join(f"-c {name}={_escaped(value)}" for name, value in settings.items())
    given = {_LIBPQ[name]: value for name, value in options.items() if name in _LIBPQ}
    return {"connect_timeout": 10, "sslmode": "prefer", **given, "application_name": _APPLICATION, "options": said}


def _escaped(value: str) -> str:
    """A value within `options`, where a space ends it."""
    return value.replace("\\", "\\\\").replace(" ", "\\ ")


def connected(options: Mapping[str, Any]) -> psycopg.Connection[tuple[Any, ...]]:
    """An open connection in autocommit mode, in UTC.

    Raises:
        psycopg.OperationalError: the server cannot be reached, or refuses the role or the database.
    """
    return psycopg.connect(**parameters(options), autocommit=True)
