"""The newest messages of a topic as rows to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

import pyarrow as pa

from datakit_iac.cloudquery_plugins.types import to_arrow
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.column import Column
from datakit_iac.technologies.duckdb.batches import Batches
from datakit_iac.technologies.kafka.catalog import Topic
from datakit_iac.technologies.kafka.client import Client
from datakit_iac.technologies.kafka.cloudquery.decoding import Decoder, MisfitError
from datakit_iac.technologies.kafka.cloudquery.log import Log
from datakit_iac.technologies.kafka.cloudquery.source import batch
from datakit_iac.technologies.kafka.schemas import form_of

MOST: Final = 10_000
"""Messages that are read at most: a topic may have no end."""
_MESSAGE: Final = pa.schema([("message", pa.string())])
"""What is seen of a topic whose DataSet declares no columns."""


@contextmanager
def messages(
    client: Client, topic: Topic, dataset: BoundDataSet, writer: Callable[[int], str] | None, most: int | None
) -> Iterator[Batches]:
    """The newest committed messages, the same number of each partition.

    Args:
        client: of the cluster.
        topic: as it is now.
        dataset: whose columns they become.
        writer: the Avro schema of an ID, as a registry has it; None where there is no registry.
        most: how many; `MOST` where it is None or more.

    Raises:
        PluginFault: the brokers do not answer.
        StoreError: the registry does not.
    """
    each = -(-min(most or MOST, MOST) // max(1, topic.partitions))
    begin = {number: max(topic.begin[number], end - each) for number, end in topic.end.items()}
    read = [message for some in Log(client, replace(topic, begin=begin)).messages() for message in some]
    notes = []
    if any(begin[number] > topic.begin[number] for number in begin):
        notes.append(f"only the newest {len(read):,} of about {topic.messages:,} messages of {topic.name} were read")
    if "compact" in topic.effective.get("cleanup.policy", ""):
        read = _last(read)
    schema, rows = _rows(dataset, read, writer, notes)
    yield Batches(schema, [batch(rows, schema)] if rows else [], notes)


def _rows(
    dataset: BoundDataSet, read: Iterable[Any], writer: Callable[[int], str] | None, notes: list[str]
) -> tuple[pa.Schema, list[list[Any]]]:
    if not dataset.columns:
        return _MESSAGE, [[(each.value() or b"").decode("utf-8", "backslashreplace")] for each in read]
    decoder = Decoder(form_of(dataset.place), tuple(map(_optional, dataset.columns)), writer)
    rows, misfits = list[list[Any]](), list[str]()
    for each in read:
        try:
            rows.append(decoder.row(each.value() or b""))
        except MisfitError as fault:  # whose text shows the value
            where = f"partition {each.partition()}, offset {each.offset()}"
            misfits.append(f"{where}, column {fault.column}" if fault.column else where)
    if misfits:
        notes.append(f"left out: {len(misfits):,} messages that are not as the contract says, the first: {misfits[0]}")
    if decoder.left_out:
        notes.append(f"left out, as the contract does not declare them: {', '.join(sorted(decoder.left_out))}")
    return pa.schema([(each.name, to_arrow(each.type)) for each in dataset.columns]), rows


def _optional(column: Column) -> Column:
    return column.model_copy(update={"nullable": True, "primary_key": False})


def _last(read: Iterable[Any]) -> list[Any]:
    """Of each key the last message, unless it says that the key is deleted."""
    found = {(each.partition(), each.key()): each for each in read}
    return [each for each in found.values() if each.value() is not None]
