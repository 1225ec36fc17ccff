"""CloudQuery's CLI in this process.

The CLI and its two plugins are three processes, 0.7 s of every Run. `InProcess` is the Executor in whose hands the
workload is not started: the plugins' own servicers are driven as the CLI (6.21) drives them. It adds the columns
`_cq_sync_time` and `_cq_source_name`, passes batches on, asks for stale rows to be removed after the last one where the
write mode says so, and closes the destination, which commits, only after a sync that succeeded. Everything else of a
Run is the product's own code: what it renders for the CLI is read here, and what the plugins print is read by it.

Left out: the CLI's own messages, its retries and its checks of the spec.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

import pyarrow as pa
import yaml
from cloudquery.plugin_v3 import plugin_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.cloudquery_plugins.servicers import DestinationServicer, SourceServicer
from datakit_iac.executors.local.processes import LocalProcesses
from datakit_iac.executors.protocol import Execution
from datakit_iac.executors.workload import Workload
from datakit_iac.manifest.values.secret import revealed
from datakit_iac.technologies.duckdb import cloudquery as duckdb
from datakit_iac.technologies.files import cloudquery as files
from datakit_iac.technologies.postgres import cloudquery as postgres
from datakit_iac.testing import Recorded
from datakit_iac.version import __version__

_VARIABLE = re.compile(r"\$\{(\w+)\}")


class InProcess(LocalProcesses):
    """Runs syncs in this process, and every other workload as a process."""

    def start(self, workload: Workload) -> Execution:  # type: ignore[override]
        """Start a workload; a sync is over when this returns."""
        if "sync" not in workload.argv:
            return super().start(workload)
        secrets = {name: revealed(each) for name, each in workload.secret_env.items()}
        with contextlib.redirect_stdout(io.StringIO()) as told:
            try:
                _sync(_documents(workload.files["cloudquery.yaml"], {**workload.env, **secrets}))
                code = 0
            except _AbortedError:
                code = 1
        return Recorded(told.getvalue().splitlines(), code)


class _AbortedError(Exception):
    """A plugin answered with an error."""


class _Context:
    """What a servicer knows of its call."""

    def abort(self, code: object, details: str) -> NoReturn:
        raise _AbortedError(details)


def _documents(spec: str, variables: Mapping[str, str]) -> dict[str, Any]:
    def value(match: re.Match[str]) -> str:
        return variables.get(match.group(1), match.group())

    documents = yaml.safe_load_all(_VARIABLE.sub(value, spec))
    return {document["kind"]: document["spec"] for document in documents}


def _sync(asked: Mapping[str, Any]) -> None:
    context = _Context()
    source = SourceServicer("files", __version__, files.open_source)
    opens = postgres.open_destination if "connection" in asked["destination"]["spec"] else duckdb.open_destination
    destination = DestinationServicer("any", __version__, opens)
    try:
        destination.Init(_init(asked["destination"]), context)
        source.Init(_init(asked["source"]), context)
        source.GetTables(plugin_pb2.GetTables.Request(), context)
        mode = asked["destination"]["write_mode"]
        destination.Write(_messages(source, asked["source"]["name"], mode, context), context)
        destination.Close(plugin_pb2.Close.Request(), context)
    finally:
        source.end()
        destination.end()


def _init(asked: Mapping[str, Any]) -> Any:
    return plugin_pb2.Init.Request(spec=json.dumps(asked["spec"]).encode())


def _messages(source: SourceServicer, name: str, mode: str, context: _Context) -> Iterator[Any]:
    """What the CLI sends to the destination."""
    write, now = plugin_pb2.Write, datetime.now(UTC)
    tables = []
    for said in source.Sync(plugin_pb2.Sync.Request(tables=["*"]), context):
        if said.WhichOneof("message") == "migrate_table":
            schema = _stamped(wire.decode_schema(said.migrate_table.table))
            tables.append(wire.table_name(schema))
            message = write.MessageMigrateTable(table=wire.encode_schema(schema))
            yield write.Request(migrate_table=message)
        else:
            for batch in wire.decode_batches(said.insert.record):
                record = wire.encode_batch(_with_stamps(batch, name, now))
                yield write.Request(insert=write.MessageInsert(record=record))
    if mode == "overwrite-delete-stale":
        for table in tables:
            stamp = Timestamp()
            stamp.FromDatetime(now)
            stale = write.MessageDeleteStale(table_name=table, source_name=name, sync_time=stamp)
            yield write.Request(delete=stale)


def _stamped(schema: pa.Schema) -> pa.Schema:
    for name, kind in ((wire.SOURCE_NAME, pa.string()), (wire.SYNC_TIME, pa.timestamp("us", "UTC"))):
        schema = schema.insert(0, pa.field(name, kind))
    return schema


def _with_stamps(batch: pa.RecordBatch, name: str, now: datetime) -> pa.RecordBatch:
    stamps = [pa.array([now] * batch.num_rows, pa.timestamp("us", "UTC")), pa.array([name] * batch.num_rows)]
    return pa.RecordBatch.from_arrays([*stamps, *batch.columns], schema=_stamped(batch.schema))
