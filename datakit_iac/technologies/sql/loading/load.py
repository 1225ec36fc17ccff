"""One sync into an SQL database, as one transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.cloudquery_plugins.events import Event, emit
from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.manifest.values import write_mode
from datakit_iac.technologies.sql.loading.contract import demand_passed
from datakit_iac.technologies.sql.loading.database import Database, RefusedError, TableName
from datakit_iac.technologies.sql.loading.migration import migrate
from datakit_iac.technologies.sql.loading.provenance import Provenance, moment
from datakit_iac.technologies.sql.loading.spec import LoadSpec

_REPEATED: Final = ("duplicate key", "unique constraint")


@dataclass
class _Target:
    """A table that rows go to.

    Attributes:
        sent_as: its name as the source spells it.
        name: the same, taken apart.
        key: its primary key, as the source declares it.
        had_rows: whether there were rows before this sync.
        replaces: whether rows that are there may have the keys of those that come.
        is_stamped: whether rows carry the time of their sync.
        provenance: who wrote the rows that are there.
    """

    sent_as: str
    name: TableName
    key: tuple[str, ...]
    had_rows: bool
    replaces: bool
    is_stamped: bool
    provenance: Provenance
    waiting: list[pa.RecordBatch] = field(default_factory=list)
    rows: int = 0
    sync_time: int | None = None


class Load:
    """A transaction that begins with the first message and ends with `commit` or `abandon`.

    Args:
        database: open for this alone; `begin` was not called yet.
        spec: how rows are written.

    Attributes:
        rows_at_once: rows of a table that are held back, to be written at once.
        replaced_at_once: the same where rows with their keys must be looked for in the whole table.
        bytes_at_once: the same in bytes.
    """

    rows_at_once = 50_000
    replaced_at_once = 500_000
    bytes_at_once = 128 << 20

    def __init__(self, database: Database, spec: LoadSpec) -> None:
        self._database, self._spec = database, spec
        self._targets: dict[str, _Target] = {}
        self._cleaned: dict[str, str] = {}
        self._notes: list[str] = []
        try:
            database.begin(map(database.name, spec.outputs))
        except BaseException:
            database.close()
            raise

    def migrate(self, schema: bytes, *, force: bool) -> None:
        """Give a table the columns of the schema; see `migration.migrate`."""
        table = wire.decode_schema(schema)
        sent_as, key = wire.table_name(table), wire.primary_key(table)
        if self._spec.write_mode == write_mode.OVERWRITE and not key and not self._is_quarantine(sent_as):
            raise PluginFault(
                f"{sent_as} has no primary key, so overwrite cannot tell which rows to replace: declare one,"
                " or write by overwrite-delete-stale or append"
            )
        name, output = self._database.name(sent_as), self._spec.outputs.get(sent_as)
        before = self._database.describe(name)
        had_rows = before is not None and not before.is_view and self._database.has_rows(name)
        self._notes += migrate(self._database, before, table, force=force, keyed=output is None)
        is_stamped = wire.SYNC_TIME in table.names
        provenance = Provenance(self._database, name, output, before.comment if before else "")
        if before and before.is_view:
            provenance.keep_comment()
        replaces = had_rows and bool(key)
        if had_rows and is_stamped:
            match self._spec.write_mode:
                case write_mode.APPEND:
                    provenance.remove_attempts(self._spec.source, self._spec.run)
                case write_mode.DELETE_STALE if key:
                    # They would go at the end; it is faster not to look for the keys of all that come among them.
                    provenance.remove_own(self._spec.source)
                    replaces = self._database.has_rows(name)
        self._targets[sent_as] = _Target(sent_as, name, key, had_rows, replaces, is_stamped, provenance)

    def insert(self, record: bytes) -> None:
        """Take a batch; it is written with others."""
        for batch in wire.decode_batches(record):
            target = self._target(wire.table_name(batch.schema))
            target.waiting.append(batch)
            if self._is_enough(target):
                self._write(target)

    def delete_stale(self, table: str, source: str, sync_time: datetime) -> None:
        """Remove the rows that this source wrote in earlier syncs."""
        target = self._target(table)
        self._write(target)
        self._cleaned[table] = source
        if not target.had_rows:
            return
        target.provenance.remove_stale(source, sync_time.replace(tzinfo=UTC))

    def idle(self) -> None:
        """Write what waits."""
        for target in self._targets.values():
            self._write(target)

    def finish(self) -> None:
        """Write what is left, and hold the tables to their contracts.

        Raises:
            PluginFault: rows share a primary key, a test fails, or stale rows of only some tables were asked to go.
        """
        self.idle()
        if self._cleaned and (rest := sorted(set(self._targets) - self._cleaned.keys())):
            raise PluginFault(f"the sync ended before the stale rows of {', '.join(rest)} were to go")
        if self._database.announces:
            for target in self._targets.values():
                target.provenance.announce(self._spec.source, self._spec.run, target.sync_time)
        try:
            self._database.settle()
        except RefusedError as fault:
            raise PluginFault(_refusal(fault)) from fault
        for name, target in self._targets.items():
            self._refuse_repeated(target)
            if name in self._cleaned and target.had_rows:
                kept = target.provenance.kept(self._cleaned[name])
                self._notes += [f"{name}: {rows:,} rows {_origin(other)} were kept" for other, rows in kept]
            if self._is_quarantine(name) and self._spec.write_mode == write_mode.OVERWRITE and target.had_rows:
                target.provenance.remove_stale(self._spec.source, _time(target))
            is_clean = name in self._cleaned
            target.provenance.record(self._spec.source, self._spec.run, target.sync_time, is_clean=is_clean)
        self._database.only_read()
        outputs = [self._spec.outputs[name] for name in self._targets if name in self._spec.outputs]
        demand_passed(self._database, outputs)

    def commit(self) -> None:
        """Make it last, close the database, and tell what came."""
        self._database.commit()
        for note in self._notes:
            emit(Event("note", note))
        for name, target in self._targets.items():
            emit(Event("result", f"{name} {target.rows:,} rows", name, target.rows))

    def abandon(self) -> None:
        """Leave everything as it was, and close the database."""
        self._database.close()

    def _is_quarantine(self, table: str) -> bool:
        output = self._spec.outputs.get(table)
        return output is not None and output.quarantine

    def _is_enough(self, target: _Target) -> bool:
        rows, size = sum(each.num_rows for each in target.waiting), sum(each.nbytes for each in target.waiting)
        most = self.replaced_at_once if target.replaces else self.rows_at_once
        return bool(rows >= most or size >= self.bytes_at_once)

    def _target(self, table: str) -> _Target:
        if table not in self._targets:
            raise PluginFault(f"rows came for {table!r} before its columns; expected a migration first")
        return self._targets[table]

    def _write(self, target: _Target) -> None:
        if not target.waiting:
            return
        batches, target.waiting = target.waiting, []
        if target.is_stamped and target.sync_time is None:
            target.sync_time = _earliest(batches)
        try:
            if target.replaces:
                self._replace(target, batches)
            else:
                self._database.append(target.name, batches)
        except RefusedError as fault:
            raise PluginFault(f"{target.name}: {_refusal(fault)}") from fault
        target.rows += sum(batch.num_rows for batch in batches)
        emit(Event("progress", f"{target.name} {target.rows:,} rows", target.sent_as, target.rows))

    def _replace(self, target: _Target, batches: list[pa.RecordBatch]) -> None:
        """Write rows instead of those of earlier syncs that have their keys."""
        with self._database.staged(target.name, batches) as incoming:
            but = "" if target.sync_time is None else self._database.moment(moment(target.sync_time))
            self._database.change(self._database.replaced(target.name, target.key, incoming, but))
            columns = ", ".join(map(self._database.quoted, batches[0].schema.names))
            self._database.change(f"INSERT INTO {target.name.sql} ({columns}) SELECT {columns} FROM {incoming} AS new")

    def _refuse_repeated(self, target: _Target) -> None:
        if not (target.key and target.rows and target.sync_time is not None):
            return
        key = ", ".join(map(self._database.quoted, target.key))
        found = self._database.rows(
            f"SELECT {key}, count(*) FROM {target.name.sql}"
            f" WHERE {self._database.quoted(wire.SYNC_TIME)} = {self._database.moment(moment(target.sync_time))}"
            f" GROUP BY {key} HAVING count(*) > 1 LIMIT 1"
        )
        for row in found:
            shown = ", ".join(f"{name}={value}" for name, value in zip(target.key, row, strict=False))
            raise PluginFault(
                f"{target.name}: the source sends {row[-1]} rows with the primary key {shown};"
                " fix the source, or declare a key that tells them apart"
            )


def _earliest(batches: list[pa.RecordBatch]) -> int | None:
    """The earliest time of a sync, in microseconds since 1970.

    Not by Arrow's as_py() of the time itself: for one with a zone that imports pandas, 1.1 s.
    """
    columns = [batch.column(wire.SYNC_TIME).cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()) for batch in batches]
    found = [number for each in columns if (number := pc.min(each).as_py()) is not None]
    return min(found, default=None)


def _time(target: _Target) -> datetime:
    """When the sync was that a table's rows are of; now, where none came."""
    return datetime.now(UTC) if target.sync_time is None else moment(target.sync_time)


def _origin(source: str) -> str:
    return f"from the source {source!r}" if source else "that no source wrote"


def _refusal(fault: RefusedError) -> str:
    text = str(fault)
    if any(each in text.lower() for each in _REPEATED):
        return (
            f"{text}: rows with this key come twice, or are there and writing is append; fix the source, or overwrite"
        )
    return text
