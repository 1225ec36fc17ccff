"""The tables of the history, the same in SQLite and Postgres, and the steps from one version of them to the next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import sqlalchemy as sa

_METADATA: Final = sa.MetaData()

RUNS: Final = sa.Table(
    "datakit_runs",
    _METADATA,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("stack", sa.Text, nullable=False),
    sa.Column("transform", sa.Text, nullable=False),
    sa.Column("trigger", sa.Text, nullable=False),
    sa.Column("definition", sa.Text, nullable=False),
    sa.Column("identity", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("queued_at", sa.Double, nullable=False),
    sa.Column("inputs", sa.JSON, nullable=False),
    sa.Column("generations", sa.JSON, nullable=False),
    sa.Column("outputs", sa.JSON, nullable=False),
    sa.Column("counts", sa.JSON, nullable=False),
    sa.Column("due", sa.Double),
    sa.Column("started_at", sa.Double),
    sa.Column("ended_at", sa.Double),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("log", sa.Text, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("started_by", sa.Text, nullable=False),
    sa.Column("stop_asked", sa.Boolean, nullable=False),
    sa.Column("beat_at", sa.Double, nullable=False),
)
"""One row for each Run; `beat_at` is when what runs it was last known to live."""

IS_OPEN: Final = sa.text("state IN ('queued', 'running')")
IS_RUNNING: Final = sa.text("state = 'running'")
IS_DUE: Final = sa.text("due IS NOT NULL AND state <> 'lost'")
"""As partial indexes say it: a query that says it otherwise, with a parameter for instance, does not use them."""

sa.Index("datakit_runs_of_transform", RUNS.c.stack, RUNS.c.transform, RUNS.c.id)
sa.Index("datakit_runs_of_stack", RUNS.c.stack, RUNS.c.id)

_PARTIAL_INDEXES: Final = (
    f"CREATE INDEX datakit_runs_open ON datakit_runs (stack) WHERE {IS_OPEN}",
    f"CREATE UNIQUE INDEX datakit_runs_one_at_a_time ON datakit_runs (stack, transform) WHERE {IS_RUNNING}",
    f"CREATE UNIQUE INDEX datakit_runs_once_when_due ON datakit_runs (stack, transform, due) WHERE {IS_DUE}",
)
"""As text: an `Index` would import the dialects of SQLite and of Postgres, each time that the history is read."""

LATEST: Final = sa.Table(
    "datakit_latest",
    _METADATA,
    sa.Column("stack", sa.Text, primary_key=True),
    sa.Column("transform", sa.Text, primary_key=True),
    sa.Column("run", sa.String(36), nullable=False),
    sa.Column("succeeded", sa.String(36)),
)
"""The newest Run of each Transform, and the newest that succeeded: what `dk status` reads, however long the history."""

DEPLOYED: Final = sa.Table(
    "datakit_deployed",
    _METADATA,
    sa.Column("stack", sa.Text, primary_key=True),
    sa.Column("transform", sa.Text, primary_key=True),
    sa.Column("definition", sa.Text, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
)
"""What of each Transform the last update deployed."""

LEASES: Final = sa.Table(
    "datakit_leases",
    _METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("until", sa.Double, nullable=False),
)
"""What one process at a time does, by name; it holds until then."""

VERSION: Final = sa.Table("datakit_history", _METADATA, sa.Column("version", sa.Integer, nullable=False))
"""One row: how many of the steps were taken."""


def _first(connection: sa.Connection) -> None:
    _METADATA.create_all(connection, tables=[RUNS, LATEST, DEPLOYED, LEASES])
    for each in _PARTIAL_INDEXES:
        connection.exec_driver_sql(each)


STEPS: Final[tuple[Callable[[sa.Connection], None], ...]] = (_first,)
"""Each brings the tables from the version before to its own. A step that was released never changes."""


class NewerHistoryError(Exception):
    """The history was written by a newer version of datakit."""


def migrate(connection: sa.Connection, steps: tuple[Callable[[sa.Connection], None], ...] = STEPS) -> None:
    """Bring the tables to the newest version, in the transaction of the connection.

    Raises:
        NewerHistoryError: they are newer than this code.
    """
    VERSION.create(connection, checkfirst=True)
    taken = connection.scalar(sa.select(VERSION.c.version)) or 0
    if taken > len(steps):
        raise NewerHistoryError(f"the history has version {taken}, and this datakit knows {len(steps)}: upgrade it")
    for step in steps[taken:]:
        step(connection)
    if taken < len(steps):
        connection.execute(sa.delete(VERSION))
        connection.execute(sa.insert(VERSION).values(version=len(steps)))
