"""Who wrote the rows of a table: which of them are stale, and which a Run that is tried again wrote before."""

from __future__ import annotations

import time
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Final

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.technologies.ownership import Attempt, Mark
from datakit_iac.technologies.sql.loading.database import Database, TableName
from datakit_iac.technologies.sql.loading.spec import OutputSpec
from datakit_iac.technologies.sql.names import literal, quoted

SOURCE: Final = quoted(wire.SOURCE_NAME)
TIME: Final = quoted(wire.SYNC_TIME)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def moment(sync_time: int) -> datetime:
    """The time of a sync, of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=sync_time)


class Provenance:
    """The rows of one table by who wrote them, as the table's mark and CloudQuery's columns tell.

    Args:
        database: in the sync's transaction.
        table: the table, which is there.
        output: what the rows are for; None where nobody said.
        comment: the table's.
    """

    def __init__(self, database: Database, table: TableName, output: OutputSpec | None, comment: str) -> None:
        self._database, self._table, self._output = database, table, output
        self._description, self._mark = Mark.split(comment)

    def remove_stale(self, source: str, sync_time: datetime) -> None:
        """Remove what `source` wrote in earlier syncs, and what wrote the table once and does no more."""
        conditions = [f"({SOURCE} = {literal(source)} AND {TIME} < {self._database.moment(sync_time)})"]
        if self._output and self._output.writers is not None:
            kept = [source, *self._output.writers]
            conditions.append(f"({SOURCE} IS NOT NULL AND {SOURCE} NOT IN ({', '.join(map(literal, kept))}))")
            if self._has_unsigned(source, kept):
                conditions.append(f"{SOURCE} IS NULL")
        self._database.execute(f"DELETE FROM {self._table.sql} WHERE {' OR '.join(conditions)}")

    def remove_own(self, source: str) -> None:
        """Remove all that `source` wrote."""
        self._database.execute(f"DELETE FROM {self._table.sql} WHERE {SOURCE} = {literal(source)}")

    def remove_attempts(self, source: str, run: str) -> None:
        """Remove what the last attempt appended where it was this very Run, and what was never verified.

        Where the source has none, the last one is that of a source that writes no more: this one's former name.
        """
        writers = self._output.writers if self._output else None
        own = self._mark.attempt(source) if self._mark else None
        for attempt in self._mark.runs if self._mark and run else ():
            is_former = writers is not None and attempt.transform not in writers
            is_last = attempt == own or (is_former and own is None)
            is_failed = not attempt.is_verified and (attempt == own or is_former)
            if attempt.time and (is_failed or (is_last and attempt.run == run)):
                own_rows = f"{SOURCE} = {literal(attempt.transform)}"
                then = f"{TIME} = {self._database.moment(moment(attempt.time))}"
                self._database.execute(f"DELETE FROM {self._table.sql} WHERE {own_rows} AND {then}")

    def kept(self, source: str) -> list[tuple[str, int]]:
        """How many rows of other sources stay, by source; empty text for rows that no source wrote."""
        query = (
            f"SELECT coalesce({SOURCE}, ''), count(*) FROM {self._table.sql}"
            f" WHERE {SOURCE} IS NULL OR {SOURCE} <> {literal(source)} GROUP BY 1 ORDER BY 1"
        )
        return [(name, rows) for name, rows in self._database.rows(query)]

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
        return any(not self._database.has_rows(self._table, f"{SOURCE} = {literal(name)}") for name in former)

    def _comment(self, text: str) -> None:
        self._database.comment(self._table, text)
