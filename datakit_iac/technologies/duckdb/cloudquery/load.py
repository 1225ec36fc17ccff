"""One sync into a DuckDB file, as one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import duckdb
import pyarrow as pa

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.cloudquery_plugins.events import Event, emit
from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.cloudquery_plugins.types import plain
from datakit_iac.technologies.duckdb.cloudquery.contract import demand_passed
from datakit_iac.technologies.duckdb.cloudquery.migration import migrate
from datakit_iac.technologies.duckdb.cloudquery.provenance import Provenance
from datakit_iac.technologies.duckdb.cloudquery.spec import DuckDBSpec
from datakit_iac.technologies.duckdb.cloudquery.tables import TableName, count, describe
from datakit_iac.technologies.duckdb.opening import OpeningError, opened
from datakit_iac.technologies.sql.names import quoted

_ROWS: Final = 500_000
_BYTES: Final = 128 << 20
"""What is held back of a table to be written at once: DuckDB compresses whole row groups of 122,880 rows while they are
inserted, and smaller ones only in the commit, where it costs 0.2 s on 336,776 rows."""
_INCOMING: Final = "datakit_incoming"
_STAMP: Final = f"epoch_us({quoted(wire.SYNC_TIME)})"


@dataclass
class _Target:
    """A table that rows go to.

    Attributes:
        sent_as: its name as the source spells it.
        name: the same, taken apart.
        key: its primary key, as the source declares it.
        had_rows: whether there were rows before this sync.
        is_stamped: whether rows carry the time of their sync.
        provenance: who wrote the rows that are there.
    """

    sent_as: str
    name: TableName
    key: tuple[str, ...]
    had_rows: bool
    is_stamped: bool
    provenance: Provenance
    waiting: list[pa.RecordBatch] = field(default_factory=list)
    rows: int = 0
    sync_time: int | None = None

    @property
    def full(self) -> bool:
        """Whether enough rows wait."""
        waiting = self.waiting
        return bool(sum(each.num_rows for each in waiting) >= _ROWS or sum(each.nbytes for each in waiting) >= _BYTES)


class Load:
    """A transaction that begins with the first message and ends with `commit` or `abandon`.

    Raises:
        PluginFault: the file cannot be opened.
    """

    def __init__(self, spec: DuckDBSpec) -> None:
        self._spec = spec
        self._connection = _connected(spec)
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.begin()
        self._targets: dict[str, _Target] = {}
        self._cleaned: set[str] = set()
        self._notes: list[str] = []

    def migrate(self, schema: bytes, *, force: bool) -> None:
        """Give a table the columns of the schema; see `migration.migrate`."""
        table = wire.decode_schema(schema)
        name, key = wire.table_name(table), wire.primary_key(table)
        if self._spec.write_mode == "overwrite" and not key and not self._is_quarantine(name):
            raise PluginFault(
                f"{name} has no primary key, so overwrite cannot tell which rows to replace: declare one,"
                " or write by overwrite-delete-stale or append"
            )
        target, output = TableName.parse(name), self._spec.outputs.get(name)
        before = describe(self._connection, target)
        had_rows = before is not None and not before.is_view and bool(count(self._connection, target))
        self._notes += migrate(self._connection, table, force=force, keyed=output is None)
        is_stamped = wire.SYNC_TIME in table.names
        provenance = Provenance(self._connection, target, output, before.comment if before else "")
        if before and before.is_view:
            provenance.keep_comment()
        if self._spec.write_mode == "append" and had_rows and is_stamped:
            provenance.remove_attempts(self._spec.source, self._spec.run)
        self._targets[name] = _Target(name, target, key, had_rows, is_stamped, provenance)

    def insert(self, record: bytes) -> None:
        """Take a batch; it is written with others."""
        for batch in wire.decode_batches(record):
            target = self._target(wire.table_name(batch.schema))
            target.waiting.append(plain(batch))
            if target.full:
                self._write(target)

    def delete_stale(self, table: str, source: str, sync_time: datetime) -> None:
        """Remove the rows that this source wrote in earlier syncs."""
        target = self._target(table)
        self._write(target)
        self._cleaned.add(table)
        if not target.had_rows:
            return
        target.provenance.remove_stale(source, sync_time.replace(tzinfo=UTC))
        self._notes += [
            f"{table}: {rows:,} rows {_origin(other)} were kept" for other, rows in target.provenance.kept(source)
        ]

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
        if self._cleaned and (rest := sorted(set(self._targets) - self._cleaned)):
            raise PluginFault(f"the sync ended before the stale rows of {', '.join(rest)} were to go")
        for name, target in self._targets.items():
            self._refuse_repeated(target)
            if self._is_quarantine(name) and self._spec.write_mode == "overwrite" and target.had_rows:
                target.provenance.remove_stale(self._spec.source, _time(target))
            is_clean = name in self._cleaned
            target.provenance.record(self._spec.source, self._spec.run, target.sync_time, is_clean=is_clean)
        outputs = [self._spec.outputs[name] for name in self._targets if name in self._spec.outputs]
        demand_passed(self._connection, outputs)

    def commit(self) -> None:
        """Make it last, close the file, and tell what came."""
        self._connection.commit()
        self._connection.close()
        for note in self._notes:
            emit(Event("note", note))
        for name, target in self._targets.items():
            emit(Event("result", f"{name} {target.rows:,} rows", name, target.rows))

    def abandon(self) -> None:
        """Roll back and close the file."""
        self._connection.close()

    def _is_quarantine(self, table: str) -> bool:
        output = self._spec.outputs.get(table)
        return output is not None and output.quarantine

    def _target(self, table: str) -> _Target:
        if table not in self._targets:
            raise PluginFault(f"rows came for {table!r} before its columns; expected a migration first")
        return self._targets[table]

    def _write(self, target: _Target) -> None:
        if not target.waiting:
            return
        incoming = pa.Table.from_batches(target.waiting)
        target.waiting = []
        self._connection.register(_INCOMING, incoming)
        try:
            if target.is_stamped and target.sync_time is None:
                # Not by Arrow's as_py(): for a time with a zone that imports pandas, 1.1 s.
                target.sync_time = self._number(f"SELECT min({_STAMP}) FROM {_INCOMING}")
            if target.key and target.had_rows:
                since = [target.sync_time] if target.is_stamped else []
                self._connection.execute(_replacing(target), since)
            columns = ", ".join(map(quoted, incoming.schema.names))
            self._connection.execute(f"INSERT INTO {target.name.sql} ({columns}) SELECT {columns} FROM {_INCOMING}")
        except duckdb.Error as fault:
            raise PluginFault(f"{target.name}: {_refusal(fault)}") from fault
        self._connection.unregister(_INCOMING)
        target.rows += incoming.num_rows
        emit(Event("progress", f"{target.name} {target.rows:,} rows", target.sent_as, target.rows))

    def _number(self, query: str) -> int | None:
        row = self._connection.execute(query).fetchone()
        return row[0] if row else None

    def _refuse_repeated(self, target: _Target) -> None:
        if not (target.key and target.rows and target.is_stamped):
            return
        key = ", ".join(map(quoted, target.key))
        row: Sequence[Any] | None = self._connection.execute(
            f"SELECT {key}, count(*) AS copies FROM {target.name.sql}"
            f" WHERE {_STAMP} = ? GROUP BY {key} HAVING copies > 1 LIMIT 1",
            [target.sync_time],
        ).fetchone()
        if row:
            shown = ", ".join(f"{name}={value}" for name, value in zip(target.key, row, strict=False))
            raise PluginFault(
                f"{target.name}: the source sends {row[-1]} rows with the primary key {shown};"
                " fix the source, or declare a key that tells them apart"
            )


def _connected(spec: DuckDBSpec) -> duckdb.DuckDBPyConnection:
    def waiting(holder: str) -> None:
        emit(Event("progress", f"waiting for {spec.path.name}, held by {holder}"))

    settings = {"threads": spec.threads, "autoinstall_known_extensions": False}
    try:
        return opened(spec.path, spec.lock_timeout, longest_pause=1.0, waiting=waiting, **settings)
    except OpeningError as fault:
        raise PluginFault(str(fault)) from fault


def _time(target: _Target) -> datetime:
    """When the sync was that a table's rows are of; now, where none came."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return datetime.now(UTC) if target.sync_time is None else epoch + timedelta(microseconds=target.sync_time)


def _replacing(target: _Target) -> str:
    """The statement that removes the rows of earlier syncs whose keys come again."""
    same = " AND ".join(f"old.{quoted(name)} = new.{quoted(name)}" for name in target.key)
    older = f" AND epoch_us(old.{quoted(wire.SYNC_TIME)}) IS DISTINCT FROM ?" if target.is_stamped else ""
    return f"DELETE FROM {target.name.sql} AS old USING {_INCOMING} AS new WHERE {same}{older}"


def _origin(source: str) -> str:
    return f"from the source {source!r}" if source else "that no source wrote"


def _refusal(fault: Exception) -> str:
    text = str(fault).partition("\n")[0].removeprefix("Constraint Error: ")
    if "duplicate key" in text.lower():
        return (
            f"{text}: rows with this key come twice, or are there and writing is append; fix the source, or overwrite"
        )
    return text
