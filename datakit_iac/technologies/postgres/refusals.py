"""What a Postgres server refuses, in words that say what to do; no password is in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import psycopg
from psycopg import errors

_CONNECTING: Final = (
    (r"authentication failed|no password supplied", "correct `user` and the secret `password`"),
    (r"does not support SSL", "the server has no TLS: turn it on there, or lower `sslmode`"),
    (r"certificate|SSL", "correct `sslmode` and `sslrootcert`, or the server's certificate"),
    (r"no pg_hba.conf entry", "allow this role and host in the server's pg_hba.conf, or change `sslmode`"),
    (r"too many (clients|connections)|remaining connection slots", "close others, or raise its max_connections"),
    (r"is not permitted to log in|permission denied for database", "grant the role LOGIN and CONNECT"),
    (r"role .* does not exist", "create the role, or correct `user`"),
    (r"starting up|shutting down|in recovery mode", "wait until the server is up, and run again"),
)
_HINTS: Final[Mapping[type[psycopg.Error], str]] = {
    errors.InsufficientPrivilege: "grant the role what it lacks, or connect as another",
    errors.LockNotAvailable: "another session holds it; wait until it is done, or raise `lockTimeout`, and run again",
    errors.QueryCanceled: "it took longer than `statementTimeout`; raise it, or run again later",
    errors.DeadlockDetected: "another session was in the way; run again",
    errors.DuplicateTable: "another made it meanwhile; run again",
    errors.DuplicateObject: "another made it meanwhile; run again",  # the type of a table's rows comes before the table
    errors.UndefinedTable: "another dropped it meanwhile; run again",
    errors.DiskFull: "make room on the server, and run again",
    errors.ReadOnlySqlTransaction: "the server is a replica, or read-only; connect to the primary",
}


_READER: Final = re.compile(r"^(?:rule _RETURN on )?((?:materialized )?view .+?) depends on (.+)$", re.MULTILINE)
"""What stops a change of a table, in a server's English."""


def may_be_missing(fault: psycopg.Error) -> bool:
    """Whether the database may not be there: the server answers, and refuses for no reason that is known here."""
    return not isinstance(fault, errors.ConnectionTimeout) and not _hint(_first_line(fault))


def unreachable(options: Mapping[str, Any], fault: psycopg.Error) -> str:
    """Why a server cannot be connected to.

    Args:
        options: the fields of `PostgresConnection`.
        fault: what the driver says.
    """
    said = _first_line(fault)
    hint = _hint(said) or "is the server running, and do `host` and `port` name it?"
    server = f"{options.get('host')}:{options.get('port', 5432)}"
    return f"Postgres at {server} cannot be opened: {said}; {hint}"


def _hint(said: str) -> str:
    return next((hint for pattern, hint in _CONNECTING if re.search(pattern, said)), "")


def refused(fault: psycopg.Error, what: str = "") -> str:
    """Why a statement was not carried out.

    Args:
        fault: what the driver says.
        what: the statement.
    """
    if is_cut(fault):
        return f"the connection to Postgres was cut: {_first_line(fault)}; nothing of this step was kept, run again"
    detail = fault.diag.message_detail or ""
    said = _first_line(fault) + (f" ({'; '.join(detail.splitlines())})" if detail else "")
    if readers := [f"{view} reads {column}" for view, column in _READER.findall(detail)]:
        said = f"{'; '.join(readers)}; drop it, or keep what it reads, and run again"
    hint = next((f"; {hint}" for kind, hint in _HINTS.items() if isinstance(fault, kind)), "")
    if isinstance(fault, errors.DependentObjectsStillExist) and not readers:
        hint = "; drop that, or leave this as it is, and run again"
    if isinstance(fault, errors.UndefinedFunction) and "pg_input_is_valid" in said:
        hint = "; giving a column a narrower type takes Postgres 16 or later"
    if isinstance(fault, errors.UniqueViolation) and fault.diag.schema_name == "pg_catalog":
        # Two who make the same at the same moment meet in the catalog's own keys.
        said, hint = "it already exists", f"; {_HINTS[errors.DuplicateTable]}"
    return f"Postgres refused{f' `{what}`' if what else ''}: {said}{hint}"


def is_cut(fault: psycopg.Error) -> bool:
    """Whether the connection is gone, and not only the statement refused."""
    if isinstance(fault, errors.AdminShutdown | errors.CrashShutdown | errors.CannotConnectNow):
        return True
    return isinstance(fault, psycopg.OperationalError | psycopg.InterfaceError) and fault.sqlstate is None


def _first_line(fault: psycopg.Error) -> str:
    """What the server or the driver says, on one line, without where in the statement."""
    said = fault.diag.message_primary or str(fault).partition("\n")[0]
    return re.sub(r"\s+", " ", said).strip().removeprefix("connection failed: ")
