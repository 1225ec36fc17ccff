"""What a source of others sends, as our destinations take it: under the names of the outputs, with their columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pyarrow as pa

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.cloudquery_plugins.events import Event, emit
from datakit_iac.cloudquery_plugins.fault import PluginFault

_STAMPS: Final = (wire.SYNC_TIME, wire.SOURCE_NAME)
"""What the CLI adds to every row."""
_OWN: Final = "_cq_"
"""How the names of the columns begin that are CloudQuery's."""


class Received:
    """The tables of a source, each with the output that it is for.

    Args:
        tables: by the source's own name of a table, ``{"table": …, "columns": […], "key": […]}`` of the output;
            without columns, all are taken.
    """

    def __init__(self, tables: Mapping[str, Mapping[str, Any]]) -> None:
        self._tables = tables

    def table(self, sent: str) -> str:
        """The output's table.

        Raises:
            PluginFault: what was sent was not asked for.
        """
        return str(self._of(sent)["table"])

    def schema(self, sent: bytes) -> bytes:
        """The schema of a table, of the columns of the output alone.

        Raises:
            PluginFault: columns of the contract are missing.
        """
        found = wire.decode_schema(sent)
        name = wire.table_name(found)
        wanted: Sequence[str] = self._of(name)["columns"]
        if missing := [each for each in wanted if each not in found.names]:
            there = ", ".join(each for each in found.names if not each.startswith(_OWN))
            raise PluginFault(f"{name} of the source has no column {', '.join(missing)}; it has {there}")
        left = [each for each in found.names if wanted and each not in wanted and not each.startswith(_OWN)]
        if left:
            emit(Event("note", f"{self.table(name)}: columns that the contract leaves out: {', '.join(left)}"))
        return wire.encode_schema(self._declared(found))

    def batches(self, sent: bytes) -> bytes:
        """The rows under the name of the output.

        Raises:
            PluginFault: they were not asked for.
        """
        found = wire.decode_batches(sent)
        if not found:
            return sent
        schema = self._declared(found[0].schema)
        arrays = ([batch.column(name) for name in schema.names] for batch in found)
        return wire.encode_batches(schema, (pa.RecordBatch.from_arrays(each, schema=schema) for each in arrays))

    def _declared(self, sent: pa.Schema) -> pa.Schema:
        output = self._of(wire.table_name(sent))
        wanted: Sequence[str] = [*output["columns"], *_STAMPS] if output["columns"] else sent.names
        fields = [
            wire.field(each.name, each.type, key=each.name in output["key"]) for each in sent if each.name in wanted
        ]
        return wire.table_schema(output["table"], fields)

    def _of(self, sent: str) -> Mapping[str, Any]:
        if sent not in self._tables:
            raise PluginFault(f"the source sends the table {sent!r}; expected {', '.join(self._tables)}")
        return self._tables[sent]
