"""Which locks a change of a Postgres table takes, and how long: seen by an event trigger, from within its transaction.

Source: https://www.postgresql.org/docs/current/event-triggers.html,
https://www.postgresql.org/docs/current/explicit-locking.html
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from tests.technologies.kits import postgres

_WATCH = """
    CREATE SCHEMA watch;
    CREATE TABLE watch.watched (place text);
    CREATE TABLE watch.seen (
        number bigserial, event text, command text, body oid, file oid, modes text[], rows bigint
    );
    CREATE FUNCTION watch.see() RETURNS event_trigger LANGUAGE plpgsql AS $$
    DECLARE body oid := (SELECT to_regclass(place) FROM watch.watched);
    BEGIN
        INSERT INTO watch.seen (event, command, body, file, modes, rows)
        SELECT TG_EVENT, TG_TAG, body, pg_relation_filenode(body),
               (SELECT coalesce(array_agg(mode), '{}') FROM pg_locks
                WHERE pid = pg_backend_pid() AND locktype = 'relation' AND relation = body AND granted),
               pg_stat_get_xact_tuples_returned(body);
    END $$;
    CREATE EVENT TRIGGER watch_start ON ddl_command_start EXECUTE FUNCTION watch.see();
    CREATE EVENT TRIGGER watch_end ON ddl_command_end EXECUTE FUNCTION watch.see();
"""
_MODES = {
    "AccessExclusiveLock": "`ACCESS EXCLUSIVE`",
    "ShareRowExclusiveLock": "`SHARE ROW EXCLUSIVE`",
    "ShareUpdateExclusiveLock": "`SHARE UPDATE EXCLUSIVE`",
}
"""Those that keep somebody waiting, the strongest first."""


class Locks:
    """A watch over the DDL of a database."""

    def __init__(self, database: str) -> None:
        self._database = database
        with postgres(database) as connection:
            connection.execute(_WATCH)

    @contextmanager
    def watched(self, place: str) -> Iterator[None]:
        """Look at one table from now on."""
        with postgres(self._database) as connection:
            connection.execute("TRUNCATE watch.watched, watch.seen")
            connection.execute("INSERT INTO watch.watched VALUES (%s)", [place])
        yield

    def told(self) -> str:
        """The locks, in the order in which they were taken, each with how long it is held."""
        with postgres(self._database) as connection:
            found = connection.execute(
                "SELECT command, body, file, modes, rows FROM watch.seen ORDER BY number"
            ).fetchall()
        phases: list[str] = []
        for before, after in pairwise(found):
            phase = _phase(before, after)
            if phase and phase not in phases:
                phases.append(phase)
        lasting = [each for each in phases if "moment" not in each]
        return ", then ".join(each for each in phases if each in lasting or not _is_covered(each, lasting))


def _phase(before: tuple[Any, ...], after: tuple[Any, ...]) -> str:
    command, body, file, modes, rows = after
    if command == "DROP TABLE" and body != before[1]:
        return "`ACCESS EXCLUSIVE` for a moment"
    mode = next((text for name, text in _MODES.items() if name in modes), "")
    if not mode or body != before[1]:
        return ""
    if file != before[2]:
        return f"{mode} while all rows are rewritten"
    return f"{mode} {'while all rows are read' if rows > before[4] else 'for a moment'}"


def _is_covered(momentary: str, lasting: list[str]) -> bool:
    mode = momentary.removesuffix(" for a moment")
    return any(each.startswith(mode) for each in lasting)
