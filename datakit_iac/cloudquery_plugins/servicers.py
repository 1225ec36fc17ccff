"""CloudQuery's protocol in terms of a source that gives batches and a destination that takes them."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

import grpc
from cloudquery.plugin_v3 import plugin_pb2, plugin_pb2_grpc

from datakit_iac.cloudquery_plugins.events import Event, emit
from datakit_iac.cloudquery_plugins.fault import PluginFault as PluginFault
from datakit_iac.cloudquery_plugins.spec_fields import RECEIVED

if TYPE_CHECKING:
    from datakit_iac.cloudquery_plugins.received import Received

_QUEUED: Final = 8
"""Batches that wait for the destination before the CLI is held up."""
_IDLE: Final = 0.15
"""Seconds without a message after which a destination may use the pause."""


class Source(Protocol):
    """An opened source."""

    def tables(self) -> list[bytes]:
        """The schemas of its tables."""

    def batches(self) -> Iterator[bytes]:
        """All rows of all tables."""

    def close(self) -> None:
        """Give back what it holds; `tables` still answers."""


class Destination(Protocol):
    """An opened destination, in one transaction from `migrate` to `commit`."""

    def migrate(self, schema: bytes, *, force: bool) -> None:
        """Give the table these columns."""

    def insert(self, record: bytes) -> None:
        """Take rows."""

    def delete_stale(self, table: str, source: str, sync_time: datetime) -> None:
        """Remove the rows of a source that are older than this sync."""

    def idle(self) -> None:
        """There is a pause: write what was put off."""

    def finish(self) -> None:
        """All rows have come."""

    def commit(self) -> None:
        """Make it last, and close."""

    def abandon(self) -> None:
        """Leave everything as it was, and close."""


@dataclass
class Servicer(plugin_pb2_grpc.PluginServicer):  # type: ignore[misc]  # generated, without types
    """What every plugin answers."""

    name: str
    version: str

    def GetName(self, request: Any, context: Any) -> Any:
        return plugin_pb2.GetName.Response(name=self.name)

    def GetVersion(self, request: Any, context: Any) -> Any:
        return plugin_pb2.GetVersion.Response(version=self.version)

    def GetSpecSchema(self, request: Any, context: Any) -> Any:
        return plugin_pb2.GetSpecSchema.Response()

    def Close(self, request: Any, context: Any) -> Any:
        return plugin_pb2.Close.Response()

    def end(self) -> None:
        """The process is about to end."""


@dataclass
class SourceServicer(Servicer):
    """Serves what `open` makes of a spec."""

    open: Callable[[Mapping[str, Any]], Source]
    _source: Source | None = field(default=None, init=False)

    def Init(self, request: Any, context: Any) -> Any:
        with _faults(context):
            if not request.no_connection:
                self._source = self.open(json.loads(request.spec or b"{}") or {})
        return plugin_pb2.Init.Response()

    def GetTables(self, request: Any, context: Any) -> Any:
        with _faults(context):
            return plugin_pb2.GetTables.Response(tables=self._source.tables() if self._source else [])

    def Sync(self, request: Any, context: Any) -> Iterator[Any]:
        sync = plugin_pb2.Sync
        with _faults(context):
            assert self._source is not None, "Init comes before Sync"
            for schema in self._source.tables():
                yield sync.Response(migrate_table=sync.MessageMigrateTable(table=schema))
            for record in self._source.batches():
                yield sync.Response(insert=sync.MessageInsert(record=record))

    def end(self) -> None:
        """Close what is open."""
        if self._source:
            self._source.close()


@dataclass
class DestinationServicer(Servicer):
    """Serves what `open` makes of a spec.

    The CLI (6.21) ends the Write stream in good order also when the source failed half way. But it calls Close only
    after a sync that succeeded, and fails if Close does: so that is where the transaction is committed.
    """

    open: Callable[[Mapping[str, Any]], Destination]
    _destination: Destination | None = field(default=None, init=False)
    _received: Received | None = field(default=None, init=False)
    _is_written: bool = field(default=False, init=False)

    def Init(self, request: Any, context: Any) -> Any:
        with _faults(context):
            if not request.no_connection:
                self._abandon()
                document = json.loads(request.spec or b"{}") or {}
                if received := document.pop(RECEIVED, None):
                    from datakit_iac.cloudquery_plugins.received import Received  # late: it needs Arrow

                    self._received = Received(received)
                self._destination = self.open(document)
        return plugin_pb2.Init.Response()

    def Write(self, request_iterator: Iterator[Any], context: Any) -> Any:
        with _faults(context, otherwise=self._abandon):
            assert self._destination is not None, "Init comes before Write"
            for message in _paced(request_iterator, self._destination.idle):
                self._take(message)
            self._destination.finish()
            self._is_written = True
        return plugin_pb2.Write.Response()

    def Close(self, request: Any, context: Any) -> Any:
        with _faults(context, otherwise=self._abandon):
            if self._destination and self._is_written:
                self._destination.commit()
                self._destination = None
            self._abandon()
        return plugin_pb2.Close.Response()

    def end(self) -> None:
        """Leave what was not committed."""
        self._abandon()

    def _take(self, message: Any) -> None:
        assert self._destination is not None, "Init comes before Write"
        received = self._received
        match message.WhichOneof("message"):
            case "insert":
                record = message.insert.record
                self._destination.insert(received.batches(record) if received else record)
            case "migrate_table":
                migration = message.migrate_table
                schema = received.schema(migration.table) if received else migration.table
                self._destination.migrate(schema, force=migration.migrate_force)
            case "delete":
                stale = message.delete
                table = received.table(stale.table_name) if received else stale.table_name
                self._destination.delete_stale(table, stale.source_name, stale.sync_time.ToDatetime())
            case other:
                raise PluginFault(f"the source asks for {other!r}, which {self.name} does not do")

    def _abandon(self) -> None:
        destination, self._destination, self._is_written = self._destination, None, False
        if destination:
            destination.abandon()


def _paced(messages: Iterator[Any], idle: Callable[[], None]) -> Iterator[Any]:
    """The messages, read ahead by a thread; `idle` is called once in each pause."""
    waiting: queue.Queue[Any] = queue.Queue(_QUEUED)
    gone = threading.Event()
    end = object()

    def put(item: Any) -> None:
        while not gone.is_set():
            with suppress(queue.Full):
                waiting.put(item, timeout=1)
                return

    def read() -> None:
        try:
            for message in messages:
                put(message)
            put(end)
        except Exception as fault:  # whatever it is, it belongs to the thread that answers
            put(fault)

    threading.Thread(target=read, daemon=True).start()
    try:
        while True:
            try:
                item = waiting.get(timeout=_IDLE)
            except queue.Empty:
                idle()
                item = waiting.get()
            if item is end:
                return
            if isinstance(item, Exception):
                raise item
            yield item
    finally:
        gone.set()


@contextmanager
def _faults(context: Any, otherwise: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Turn what goes wrong into one message, for the CLI by gRPC and for the Runtime as an event; never a trace."""
    code, message = grpc.StatusCode.INTERNAL, ""
    try:
        yield
        return
    except PluginFault as fault:
        code, message = grpc.StatusCode.INVALID_ARGUMENT, str(fault)
    except grpc.RpcError:
        code = grpc.StatusCode.CANCELLED
    except Exception as fault:
        message = f"{type(fault).__name__}: {fault}"
    otherwise()
    if message:
        emit(Event("error", message))
    context.abort(code, message or "the sync was stopped")
