"""Who wrote the rows of a table: which of them are stale, and which a Run that is tried again wrote before."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.technologies.ownership import Attempt, Mark
from datakit_iac.technologies.sql.loading.database import Database, TableName
from datakit_iac.technologies.sql.loading.spec import OutputSpec

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def moment(sync_time: int) -> datetime:
    """The time of a sync, of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=sync_time)


class Provenance:
    """The rows of one table by who wrote them, as the table's mark and CloudQuery's columns tell.

    Args:
        database: in the sync's transaction.
        table: the table, which is there.
        output: what the rows are for; None where that is not said.
        comment: the table's.
    """

    def __init__(self, database: Database, table: TableName, output: OutputSpec | None, comment: str) -> None:
        self._database, self._table, self._output = database, table, output
        self._description, self._mark = Mark.split(comment)
        self._source, self._time = database.quoted(wire.SOURCE_NAME), database.quoted(wire.SYNC_TIME)

    def remove_stale(self, source: str, sync_time: datetime) -> None:
        """Remove what `source` wrote in earlier syncs, and what wrote the table once and does no more."""
        conditions = [f"({self._of(source)} AND {self._time} < {self._database.moment(sync_time)})"]
        if self._output and self._output.writers is not None:
            kept = [source, *self._output.writers]
            names = ", ".join(map(self._database.literal, kept))
            conditions.append(f"({self._source} IS NOT NULL AND {self._source} NOT IN ({names}))")
            if self._has_unsigned(source, kept):
                conditions.append(f"{self._source} IS NULL")
        self._database.change(f"DELETE FROM {self._table.sql} WHERE {' OR '.join(conditions)}")

    def remove_own(self, source: str) -> None:
        """Remove all that `source` wrote."""
        self._database.change(f"DELETE FROM {self._table.sql} WHERE {self._of(source)}")

    def remove_attempts(self, source: str, run: str) -> None:
        """Remove what the last attempt appended where it was this very Run, and what was never verified.

        Where the source has none, the last one is that of a source that writes no more: this one's former name.
        """
        writers = self._output.writers if self._output else None
        own = [each for each in self._mark.runs if each.transform == source] if self._mark else []
        for attempt in self._mark.runs if self._mark and run else ():
            is_former = writers is not None and attempt.transform not in writers
            is_last = attempt in own or (is_former and not own)
            is_failed = not attempt.is_verified and (attempt in own or is_former)
            if attempt.time and (is_failed or (is_last and attempt.run == run)):
                then = f"{self._time} = {self._database.moment(moment(attempt.time))}"
                self._database.change(f"DELETE FROM {self._table.sql} WHERE {self._of(attempt.transform)} AND {then}")

    def kept(self, source: str) -> list[tuple[str, int]]:
        """How many rows of other sources stay, by source; empty text for rows that no source wrote."""
        query = (
            f"SELECT coalesce({self._source}, ''), count(*) FROM {self._table.sql}"
            f" WHERE {self._source} IS NULL OR {self._source} <> {self._database.literal(source)} GROUP BY 1 ORDER BY 1"
        )
        return [(name, rows) for name, rows in self._database.rows(query)]

    def announce(self, source: str, run: str, sync_time: int | None) -> None:
        """Write into the mark that this Run is about to write the table, beside all that it told before.

        If it ends now, the next Run knows the rows that it may have written, and those of the Run before.
        """
        if self._mark and self._output and run and sync_time:
            coming = Attempt(source, run, sync_time, is_verified=False)
            self._comment(replace(self._mark, runs=(*self._mark.runs, coming)).append_to(self._description))

    def record(self, source: str, run: str, sync_time: int | None, *, is_clean: bool) -> None:
        """Write into the mark that this Run wrote the table; whether it holds its contract is not known yet.

        Former writers are forgotten once the table `is_clean` of their rows.
        """
        if self._mark and self._output and run:
            # A sync of no rows has a time, too: it tells this writer from one that signs no rows.
            attempt = Attempt(source, run, sync_time or time.time_ns() // 1000, is_verified=False)
            self._comment(
                self._mark.written_by(attempt, self._output.writers if is_clean else None).append_to(self._description)
            )

    def keep_comment(self) -> None:
        """Give a table that was recreated the comment that was there before."""
        if self._mark or self._description:
            self._comment(self._mark.append_to(self._description) if self._mark else self._description)

    def _has_unsigned(self, source: str, writers: Collection[str]) -> bool:
        """Whether rows without a source are of a tool that wrote the table once: one that signs no rows."""
        runs = self._mark.runs if self._mark else ()
        if any(each.transform == source and not each.time for each in runs):
            return True  # the same Transform, by another runtime
        former = [each.transform for each in runs if each.transform not in writers]
        return any(not self._database.has_rows(self._table, self._of(name)) for name in former)

    def _of(self, source: str) -> str:
        """The condition of the rows that a source wrote."""
        return f"{self._source} = {self._database.literal(source)}"

    def _comment(self, text: str) -> None:
        self._database.comment(self._table, text)
