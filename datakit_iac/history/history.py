"""The history of Runs: one record for each, who may run now, and what ran last."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from datakit_iac.history.database import Database
from datakit_iac.history.log import is_held
from datakit_iac.history.record import OPEN, RunRecord, State
from datakit_iac.history.tables import IS_DUE, IS_OPEN, IS_RUNNING, LATEST, RUNS
from datakit_iac.history.uuid7 import first_of

LEASE: Final = 30.0
"""Seconds after its last sign of life that a Run of another machine counts as lost."""

_FIELDS: Final = tuple(each.name for each in dataclasses.fields(RunRecord))
_COLUMNS: Final = tuple(RUNS.c[name] for name in _FIELDS)


class AlreadyDoneError(Exception):
    """There is a Run for this time of the schedule already."""


@dataclasses.dataclass(frozen=True, slots=True)
class Latest:
    """The newest Runs of a Transform.

    Attributes:
        run: the one that was started last.
        succeeded: the last that succeeded; None where none did.
    """

    run: RunRecord
    succeeded: RunRecord | None


@dataclasses.dataclass(frozen=True, slots=True)
class Turn:
    """That a Run has begun.

    Attributes:
        previous: the newest Runs of its Transform before it.
    """

    previous: Latest | None


class History:
    """The Runs of one stack: of the database `history.place.opened` opens."""

    def __init__(self, database: Database) -> None:
        self._database, self.stack, self.place, self.host = database, database.stack, database.place, database.host
        self.is_shared = database.is_shared

    def queue(self, record: RunRecord) -> None:
        """Record a Run that waits for its turn.

        Raises:
            AlreadyDoneError: it is due at a time for which there is one already.
            HistoryError: it cannot be written.
        """
        values = {name: getattr(record, name) for name in _FIELDS}
        with self._database.written() as connection:
            now = self._database.now(connection)
            try:
                connection.execute(sa.insert(RUNS).values(**values, beat_at=now))
            except IntegrityError as twice:
                raise AlreadyDoneError(record.transform) from twice

    def start(self, run: str, most: int | None = None) -> Turn | None:
        """Begin a queued Run; None where another of its Transform runs, or as many of the stack as may.

        Args:
            run: its identifier.
            most: how many of the stack may run at a time; None for any number.
        """
        with self._database.written() as connection:
            self._sweep(connection)
            record = _one(connection, RUNS.c.id == run)
            running = self._running(connection)
            is_full = most is not None and len(running) >= most
            if record is None or is_full or record.transform in running:
                return None
            previous = self._latest(connection, record.transform).get(record.transform)
            now = self._database.now(connection)
            changed = {"state": "running", "started_at": time.time(), "beat_at": now}
            connection.execute(sa.update(RUNS).where(RUNS.c.id == run).values(**changed))
            self._note(connection, record.transform, {"run": run})
            return Turn(previous)

    def withdraw(self, run: RunRecord, previous: Latest | None) -> None:
        """Forget a Run that was begun and did nothing."""
        with self._database.written() as connection:
            connection.execute(sa.delete(RUNS).where(RUNS.c.id == run.id))
            if previous:
                self._note(connection, run.transform, {"run": previous.run.id})

    def beat(self, run: str) -> str:
        """Give a sign of life; why the Run is to stop, empty where it may go on."""
        with self._database.written() as connection:
            now = self._database.now(connection)
            connection.execute(sa.update(RUNS).where(RUNS.c.id == run).values(beat_at=now))
            found = connection.execute(sa.select(RUNS.c.state, RUNS.c.stop_asked).where(RUNS.c.id == run)).first()
        if found and found.state == "lost":
            return "it gave no sign of life for so long that it was taken for lost, and may run elsewhere"
        return "stopped by `dk stop`" if found and found.stop_asked else ""

    def end(
        self,
        run: RunRecord,
        state: State,
        *,
        outputs: Mapping[str, str] | None = None,
        counts: Mapping[str, int] | None = None,
        error: str = "",
    ) -> None:
        """Record how a Run ended."""
        results = {"outputs": dict(outputs or {}), "counts": dict(counts or {})}
        values = {"state": state, "ended_at": time.time(), "error": error, **results}
        with self._database.written() as connection:
            connection.execute(sa.update(RUNS).where(RUNS.c.id == run.id).values(**values))
            if state == "succeeded":
                self._note(connection, run.transform, {"run": run.id, "succeeded": run.id})

    def ask_to_stop(self, run: str) -> None:
        """Ask what runs it to stop it, which it does within seconds."""
        with self._database.written() as connection:
            connection.execute(sa.update(RUNS).where(RUNS.c.id == run).values(stop_asked=True))

    def forget(self, before: float, most: int = 1000) -> int:
        """Remove Runs that were queued before a time, the oldest first; how many.

        The newest Run of each Transform, the newest that succeeded and the last of its schedule stay, however old:
        they tell what need not be done again.

        Args:
            before: seconds since 1970.
            most: how many at a time, so that nobody waits long for the history.
        """
        later = RUNS.alias()
        newer = (later.c.stack == RUNS.c.stack, later.c.transform == RUNS.c.transform, later.c.due > RUNS.c.due)
        is_not_last = sa.exists().where(*newer, later.c.state != "lost")
        mine = LATEST.c.stack == self.stack
        kept = [sa.select(LATEST.c.run).where(mine)]
        kept += [sa.select(LATEST.c.succeeded).where(mine, LATEST.c.succeeded.is_not(None))]
        chosen = (
            RUNS.c.stack == self.stack,
            RUNS.c.id < first_of(before),
            RUNS.c.state.not_in(OPEN),
            *(RUNS.c.id.not_in(each) for each in kept),
            sa.or_(RUNS.c.due.is_(None), RUNS.c.state == "lost", is_not_last),
        )
        old = sa.select(RUNS.c.id).where(*chosen).order_by(RUNS.c.id).limit(most)
        with self._database.read() as connection:
            found = [*connection.scalars(old)]
        if found:
            with self._database.written() as connection:
                connection.execute(sa.delete(RUNS).where(RUNS.c.id.in_(found)))
        return len(found)

    def sweep(self) -> None:
        """Record as lost what ended without a word."""
        with self._database.read() as connection:
            if not self._lost(connection):
                return
        with self._database.written() as connection:
            self._sweep(connection)

    def latest(self, transform: str | None = None) -> dict[str, Latest]:
        """The newest Runs of each Transform, or of one, by its name; of one that never ran, nothing."""
        with self._database.read() as connection:
            return self._latest(connection, transform)

    def listed(self, *, transform: str | None = None, states: Sequence[str] = (), limit: int = 20) -> list[RunRecord]:
        """The newest Runs, the newest first."""
        chosen = [RUNS.c.stack == self.stack]
        chosen += [RUNS.c.transform == transform] if transform else []
        chosen += [RUNS.c.state.in_(states)] if states else []
        with self._database.read() as connection:
            return _several(connection, *chosen, limit=limit)

    def found(self, beginning: str) -> list[RunRecord]:
        """The Runs whose identifiers begin so, two at most."""
        chosen = (RUNS.c.stack == self.stack, RUNS.c.id >= beginning, RUNS.c.id < beginning + "g")
        with self._database.read() as connection:
            return _several(connection, *chosen, limit=2)

    def latest_due(self) -> dict[str, float]:
        """The last time of its schedule that each Transform was started for, and not lost."""
        chosen = (RUNS.c.stack == self.stack, IS_DUE)
        found = sa.select(RUNS.c.transform, sa.func.max(RUNS.c.due)).where(*chosen).group_by(RUNS.c.transform)
        with self._database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(found)}

    def succeeded(self) -> dict[str, str]:
        """The identifier of the last Run of each Transform that succeeded."""
        chosen = (LATEST.c.stack == self.stack, LATEST.c.succeeded.is_not(None))
        with self._database.read() as connection:
            rows = connection.execute(sa.select(LATEST.c.transform, LATEST.c.succeeded).where(*chosen))
            return {row[0]: row[1] for row in rows}

    def _note(self, connection: sa.Connection, transform: str, values: Mapping[str, str]) -> None:
        self._database.put(connection, LATEST, {"transform": transform}, values)

    def _latest(self, connection: sa.Connection, transform: str | None) -> dict[str, Latest]:
        chosen = [LATEST.c.stack == self.stack, *([LATEST.c.transform == transform] if transform else [])]
        rows = connection.execute(sa.select(LATEST.c.run, LATEST.c.succeeded).where(*chosen)).all()
        wanted = {each for row in rows for each in row if each}
        known = {each.id: each for each in _several(connection, RUNS.c.id.in_(wanted))} if wanted else {}
        both = [(known.get(row.run), known.get(row.succeeded or "")) for row in rows]
        return {run.transform: Latest(run, succeeded) for run, succeeded in both if run}

    def _running(self, connection: sa.Connection) -> set[str]:
        chosen = (RUNS.c.stack == self.stack, IS_RUNNING)
        return {*connection.scalars(sa.select(RUNS.c.transform).where(*chosen))}

    def _signs(self, connection: sa.Connection) -> Sequence[tuple[str, str, str, float]]:
        chosen = (RUNS.c.stack == self.stack, IS_OPEN)
        found = sa.select(RUNS.c.id, RUNS.c.host, RUNS.c.log, RUNS.c.beat_at).where(*chosen)
        return [(row.id, row.host, row.log, row.beat_at) for row in connection.execute(found)]

    def _lost(self, connection: sa.Connection) -> list[str]:
        """The Runs that ended without a word."""
        signs = self._signs(connection)
        now = self._database.now(connection) if signs else 0.0
        return [run for run, host, log, beat_at in signs if not self._lives(host, log, now - beat_at)]

    def _lives(self, host: str, log: str, silence: float) -> bool:
        held = is_held(log) if host == self.host else None
        return silence < LEASE if held is None else held

    def _sweep(self, connection: sa.Connection) -> None:
        if lost := self._lost(connection):
            values = {"state": "lost", "ended_at": time.time(), "error": "what ran it ended without a word"}
            connection.execute(sa.update(RUNS).where(RUNS.c.id.in_(lost), RUNS.c.state.in_(OPEN)).values(**values))


def _several(connection: sa.Connection, *chosen: sa.ColumnElement[bool], limit: int | None = None) -> list[RunRecord]:
    rows = connection.execute(sa.select(*_COLUMNS).where(*chosen).order_by(RUNS.c.id.desc()).limit(limit))
    return [RunRecord(**cast("Any", dict(zip(_FIELDS, row, strict=True)))) for row in rows]


def _one(connection: sa.Connection, *chosen: sa.ColumnElement[bool]) -> RunRecord | None:
    return next(iter(_several(connection, *chosen, limit=1)), None)
