"""Connecting by ADBC, which moves Arrow batches, and what goes wrong on such a connection in one sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from adbc_driver_manager import Error
from adbc_driver_postgresql import dbapi
from psycopg.conninfo import make_conninfo

from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.technologies.postgres.opening import parameters

_SAID: Final = re.compile(r"(?:ERROR|FATAL|PANIC): +(.+)")
_DETAIL: Final = re.compile(r"DETAIL: +(.+)")
_COLUMN: Final = re.compile(r"CONTEXT: +COPY [^\n]*, (column [^\n:]+)")
_LOST: Final = re.compile(
    r"server closed the connection|no connection to the server|connection (?:reset|not open)|could not (?:send|receive)"
    r"|connection to server|terminating connection|SSL SYSCALL|in recovery mode|shutting down|starting up"
)
_LOCKED: Final = "55P03"
_REPEATED: Final = "23505"


def connected(connection: Mapping[str, Any]) -> dbapi.Connection:
    """An open connection in a transaction, in UTC.

    Args:
        connection: the fields of a `PostgresConnection`, secrets among them.

    Raises:
        PluginFault: the server cannot be reached, or refuses the role or the database.
    """
    try:
        return dbapi.connect(make_conninfo(**parameters(connection)))
    except Error as fault:
        raise PluginFault(f"{where(connection)} cannot be opened: {said(fault)}") from fault


def where(connection: Mapping[str, Any]) -> str:
    """The server and database, for people."""
    return f"Postgres at {connection['host']}:{connection.get('port', 5432)}/{connection['database']}"


def is_lost(fault: Error) -> bool:
    """Whether the connection is gone, and not only a statement refused."""
    state = fault.sqlstate or ""
    return state.startswith(("08", "57P")) and state != "08P01" or (not state and bool(_LOST.search(str(fault))))


def said(fault: Error) -> str:
    """What the server or the driver says, on one line, without the statement."""
    text = str(fault)
    if match := _SAID.search(text):
        more = [each[1] for each in (_DETAIL.search(text), _COLUMN.search(text)) if each]
        found = match[1].strip() + (f" ({'; '.join(more)})" if more else "")
        hint = "; another load or change of it is under way, so run it again later" if fault.sqlstate == _LOCKED else ""
        return found + hint
    return " ".join(re.sub(r"^\w+: \[libpq\] ", "", text).split())
