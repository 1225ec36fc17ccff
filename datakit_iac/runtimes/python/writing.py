"""The rows of a function into its outputs: all of them in one transaction, or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.cloudquery_plugins.columns import DeclaredColumn
from datakit_iac.cloudquery_plugins.servicers import Destination
from datakit_iac.manifest.values.write_mode import DELETE_STALE
from datakit_iac.runtimes.python.conformance import Conformance
from datakit_iac.runtimes.python.conversion import BATCH_ROWS, is_whole, rows_of
from datakit_iac.runtimes.python.fault import FunctionFault

_TIME = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True, slots=True)
class Output:
    """What is written to one DataSet.

    Attributes:
        dataset: its name.
        columns: its contract's.
        table: what its destination calls it.
    """

    dataset: str
    columns: Sequence[DeclaredColumn]
    table: str = ""


class Rows:
    """The rows that a function returned for one output, checked against its contract.

    Args:
        output: what they are for.
        value: what the function returned.
        called: what returned it, for messages.

    Raises:
        FunctionFault: it has no rows, or other columns than the contract.
    """

    def __init__(self, output: Output, value: object, called: str) -> None:
        self.output = output
        self._called = called
        self._is_whole = is_whole(value)
        self._reader = rows_of(value, called, Conformance(output.columns, pa.schema([])).schema)
        self.conformance = Conformance(output.columns, self._reader.schema)
        self._refuse(self.conformance.differences())

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows in the types of the contract; where all are in memory, none comes before all were looked at.

        Raises:
            FunctionFault: a value does not fit.
        """
        if self._is_whole:
            kept = [self.conformance.conformed(batch) for batch in self._reader]
            self._refuse(self.conformance.breaches())
            yield from kept
            return
        for batch in self._reader:
            for begin in range(0, batch.num_rows, BATCH_ROWS):
                conformed = self.conformance.conformed(batch.slice(begin, BATCH_ROWS))
                self._refuse(self.conformance.breaches())
                yield conformed

    def _refuse(self, found: Sequence[str]) -> None:
        if found:
            text = f"{self._called} does not keep the contract of {self.output.dataset}"
            raise FunctionFault(
                "\n".join([f"{text}: {found[0]}" if len(found) == 1 else text, *found[len(found) == 1 :]])
            )


def write(open_destination: Callable[[], Destination], rows: Sequence[Rows], transform: str, mode: str) -> None:
    """Write all rows in one transaction, as a sync of CloudQuery does.

    Args:
        open_destination: opens what takes them; called once the first rows are there and right.
        rows: by output.
        transform: whose rows they are.
        mode: the write mode.

    Raises:
        FunctionFault: a value does not fit; nothing is changed.
        PluginFault: the Store refuses them; nothing is changed.
    """
    batches = [each.batches() for each in rows]
    begun = [next(each, None) for each in batches]
    destination, now = open_destination(), datetime.now(UTC)
    try:
        for each in rows:
            destination.migrate(wire.encode_schema(_schema(each.output, each.conformance)), force=False)
        for each, first, others in zip(rows, begun, batches, strict=True):
            schema = _schema(each.output, each.conformance)
            if first is not None:
                destination.insert(wire.encode_batch(_stamped(first, schema, transform, now)))
            for batch in others:
                destination.insert(wire.encode_batch(_stamped(batch, schema, transform, now)))
        if mode == DELETE_STALE:
            for each in rows:
                destination.delete_stale(each.output.table, transform, now.replace(tzinfo=None))
        destination.finish()
        destination.commit()
    except BaseException:
        destination.abandon()
        raise


def _schema(output: Output, conformance: Conformance) -> pa.Schema:
    """The columns of a table, with those by which a destination keeps its books."""
    declared = {column.name: column for column in output.columns}
    fields = []
    for field in conformance.schema:
        column = declared.get(field.name)
        is_required, is_key = (column.required, column.key) if column else (False, False)
        fields.append(wire.field(field.name, field.type, required=is_required, key=is_key))
    stamps = [pa.field(wire.SYNC_TIME, _TIME), pa.field(wire.SOURCE_NAME, pa.string())]
    return wire.table_schema(output.table, [*fields, *stamps])


def _stamped(batch: pa.RecordBatch, schema: pa.Schema, transform: str, now: datetime) -> pa.RecordBatch:
    time = pa.repeat(pa.scalar(now, _TIME), batch.num_rows)
    source = pa.repeat(pa.scalar(transform, pa.string()), batch.num_rows)
    return pa.RecordBatch.from_arrays([*batch.columns, time, source], schema=schema)
