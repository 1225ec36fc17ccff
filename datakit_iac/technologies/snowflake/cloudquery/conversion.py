"""Arrow batches as Parquet files that Snowflake copies, and the SQL that reads each column of them.

Source: https://docs.snowflake.com/en/sql-reference/sql/create-file-format#type-parquet
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
from cloudquery.sdk.types import JSONType, UUIDType

from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.technologies.snowflake.dialect import quote

FORMAT: Final = "FILE_FORMAT = (TYPE = PARQUET USE_LOGICAL_TYPE = TRUE BINARY_AS_TEXT = FALSE)"
_JSON: Final = ("VARIANT", "OBJECT", "ARRAY")
_UTC: Final = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True, slots=True)
class Incoming:
    """A column on its way.

    Attributes:
        name: as the table spells it.
        spelling: its type there.
    """

    name: str
    spelling: str

    @property
    def definition(self) -> str:
        """The column of the temporary table: what Parquet has no counterpart of is text there."""
        is_text = self.spelling in _JSON or self.spelling == "TIME"
        return f"{quote(self.name)} {'VARCHAR' if is_text else self.spelling}"

    @property
    def value(self) -> str:
        """The value as the table takes it."""
        column = quote(self.name)
        if self.spelling in _JSON:
            parsed = f"PARSE_JSON({column})"
            return f"{parsed if self.spelling == 'VARIANT' else f'{parsed}::{self.spelling}'} AS {column}"
        return f"{column}::TIME AS {column}" if self.spelling == "TIME" else column


def write(path: Path, batches: Sequence[pa.RecordBatch], spellings: Sequence[Incoming], table: str) -> int:
    """Write a file; how many rows are in it.

    Args:
        path: the file.
        batches: what comes.
        spellings: its columns, in their order.
        table: for people.

    Raises:
        PluginFault: a value does not fit.
    """
    columns = []
    for number, column in enumerate(spellings):
        try:
            columns.append(pa.chunked_array([_converted(batch.column(number), column.spelling) for batch in batches]))
        except pa.ArrowInvalid as fault:
            first = str(fault).partition("\n")[0]
            told = f"{table}.{column.name}: a value does not fit {column.spelling} of Snowflake: {first}"
            raise PluginFault(told) from fault
    rows = pa.table(columns, names=[column.name.upper() for column in spellings])
    pq.write_table(rows, path, compression="zstd", coerce_timestamps="us")
    return int(rows.num_rows)


def _converted(column: pa.Array, spelling: str) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if isinstance(column.type, UUIDType):
        return pa.array([each and str(UUID(bytes=each)) for each in column.storage.to_pylist()], pa.string())
    if isinstance(column.type, JSONType):
        return column.storage.cast(pa.string())
    if spelling in _JSON:
        values = [None if each is None else json.dumps(each, default=_text) for each in column.to_pylist()]
        return pa.array(values, pa.string())
    if pa.types.is_time(column.type):
        return column.cast(pa.time64("us")).cast(pa.string())
    if pa.types.is_timestamp(column.type):
        return column.cast(_UTC if column.type.tz else pa.timestamp("us"))
    return column.cast(pa.decimal128(20, 0)) if column.type == pa.uint64() else column


def _text(value: Any) -> str:
    """An element of an array that JSON has no notation of."""
    return value.hex() if isinstance(value, bytes) else str(value)
