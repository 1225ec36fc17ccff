"""Where the history of a stack is: a file of the project, or the Store that its Environment names."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from datakit_iac.history.database import Database, HistoryError, cause
from datakit_iac.history.tables import STEPS, VERSION, NewerHistoryError, migrate

if TYPE_CHECKING:  # a history in a file needs no technology
    from datakit_iac.contract.connection import Connection

FOLDER: Final = ".datakit"
_PATIENCE: Final = 30.0
"""Seconds that a file which another process writes is waited for."""

_ENGINES: Final[dict[str, sa.Engine]] = {}
_OPENING: Final = threading.Lock()


def folder(environment: str) -> Path:
    """The folder of an environment, from the Pulumi project's."""
    return Path(FOLDER, environment)


def opened(stack: str, store: Connection | None = None) -> Database:
    """The history of a stack; it is made where there is none.

    Args:
        stack: ``project/environment``.
        store: the Store that has it; a file in the project's folder where it is None.

    Raises:
        HistoryError: it cannot be opened.
    """
    file = (folder(stack.rpartition("/")[2]) / "history.db").absolute()
    place = str(file) if store is None else _location(store)
    try:
        with _OPENING:
            if store is None and not file.exists() and (gone := _ENGINES.pop(place, None)):
                gone.dispose()
            if place not in _ENGINES:
                made = _of_file(file) if store is None else _of_store(store)
                _prepare(made)
                _ENGINES[place] = made
        return Database(_ENGINES[place], stack, place, socket.gethostname())
    except (OSError, SQLAlchemyError, NewerHistoryError) as fault:
        raise HistoryError(f"the history {place} cannot be opened: {cause(fault)}") from fault


def _prepare(engine: sa.Engine) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        is_new = not sa.inspect(connection).has_table(VERSION.name)
        if not is_new and connection.scalar(sa.select(VERSION.c.version)) == len(STEPS):
            return
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('datakit_history'))"))
        migrate(connection)


def _of_file(file: Path) -> sa.Engine:
    file.parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(f"sqlite:///{file}", connect_args={"timeout": _PATIENCE}, poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _: object) -> None:
        connection.isolation_level = None  # so that `BEGIN` is ours
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

    @event.listens_for(engine, "begin")
    def begun(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # a transaction that reads first would fail on its write

    return engine


def _location(store: Connection) -> str:
    from datakit_iac.technologies.technology import technology

    return technology(store.technology).location(store)


def _of_store(store: Connection) -> sa.Engine:
    from datakit_iac.technologies.technology import StoreError, technology
    from datakit_iac.technologies.technology_roles import HoldsHistory

    found = technology(store.technology)
    if not isinstance(found, HoldsHistory):
        raise OSError(f"{store.technology} cannot hold the history of Runs")
    try:
        return found.history_engine(store)
    except StoreError as lacking:
        raise OSError(str(lacking)) from lacking
