"""Between Arrow streams and the forms in which functions take their inputs and return their rows."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pyarrow as pa

from datakit_iac.functions.annotations import EXPECTED, Form
from datakit_iac.runtimes.python.fault import FunctionFault

BATCH_ROWS: Final = 50_000
_IN_MEMORY: Final = ("pandas.DataFrame", "polars.DataFrame", "polars.LazyFrame")


class Inputs:
    """The inputs of one call, in the forms that the function asks for.

    Args:
        folder: where relations of DuckDB are kept, which may be larger than the memory; None for in memory.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._duckdb: Any = None

    def given(self, form: Form, name: str, rows: pa.RecordBatchReader) -> Any:
        """An input in its form.

        Raises:
            FunctionFault: the library of the form is not installed.
        """
        if form == "reader":
            return rows
        if form == "duckdb":
            return self._relation(name, rows)
        table = rows.read_all()
        if form == "table":
            return table
        if form == "pandas":
            return table.to_pandas(types_mapper=_nullable(_installed("pandas", name)).get)
        frame = _installed("polars", name).from_arrow(table)
        return frame.lazy() if form == "polars-lazy" else frame

    def _relation(self, name: str, rows: pa.RecordBatchReader) -> Any:
        """A relation; all of one call are of one connection, so that they can be joined."""
        if self._duckdb is None:
            duckdb = _installed("duckdb", name)
            self._duckdb = duckdb.connect(self._folder / "inputs.duckdb" if self._folder else ":memory:")
            self._duckdb.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = false")
        self._duckdb.register("datakit_rows", rows)
        self._duckdb.execute(f'CREATE TABLE "{name}" AS SELECT * FROM datakit_rows')
        self._duckdb.unregister("datakit_rows")
        return self._duckdb.table(f'"{name}"')


def is_whole(value: Any) -> bool:
    """Whether all rows that a function returned are in memory, so that they can be looked at before any is written."""
    return isinstance(value, pa.Table | pa.RecordBatch | list | tuple) or _class_of(value) in _IN_MEMORY


def rows_of(value: Any, called: str, contract: pa.Schema) -> pa.RecordBatchReader:
    """What a function returned, as a stream.

    Args:
        value: what it returned.
        called: what it is, for messages.
        contract: the columns that it should have, for rows that tell no types.

    Raises:
        FunctionFault: it is nothing that has rows.
    """
    if isinstance(value, pa.RecordBatchReader):
        return value
    if isinstance(value, pa.RecordBatch):
        value = pa.Table.from_batches([value])
    kind = _class_of(value)
    if kind == "polars.LazyFrame":
        value = value.collect()
    elif kind == "pandas.DataFrame":
        value = _of_pandas(value, called)
    if isinstance(value, pa.Table):
        return value.to_reader(max_chunksize=BATCH_ROWS)
    if hasattr(value, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(value)
    if isinstance(value, Iterable) and not isinstance(value, Mapping | str | bytes):
        return _of_items(iter(value), called, contract)
    said = "None" if value is None else f"a {type(value).__name__}"
    raise FunctionFault(f"{called} is {said}; expected {EXPECTED}, record batches or a list of rows")


def _of_items(items: Iterator[Any], called: str, contract: pa.Schema) -> pa.RecordBatchReader:
    first = next(items, None)
    if first is None:
        return pa.RecordBatchReader.from_batches(contract, [])
    if isinstance(first, Mapping):
        return _of_rows([first, *items], called, contract)
    if not isinstance(first, pa.RecordBatch | pa.Table):
        raise FunctionFault(f"{called} gives a {type(first).__name__}; expected record batches, or rows as mappings")

    def batches() -> Iterator[pa.RecordBatch]:
        for each in chain([first], items):
            if not isinstance(each, pa.RecordBatch | pa.Table):
                raise FunctionFault(f"{called} gives a {type(each).__name__} after record batches")
            if each.schema.names != first.schema.names or each.schema.types != first.schema.types:
                raise FunctionFault(
                    f"{called} gives batches of other columns: {_columns(first.schema)}, then {_columns(each.schema)}"
                )
            yield from each.to_batches() if isinstance(each, pa.Table) else [each]

    return pa.RecordBatchReader.from_batches(first.schema, batches())


def _of_rows(rows: Sequence[Any], called: str, contract: pa.Schema) -> pa.RecordBatchReader:
    columns = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        values = [row.get(name) for row in rows]
        wanted = contract.field(name).type if name in contract.names else None
        try:
            columns[name] = _array(values, None if isinstance(wanted, pa.ExtensionType) else wanted)
        except (pa.ArrowException, TypeError, OverflowError) as fault:
            # What Arrow says repeats the value, which may be personal data.
            kinds = sorted({type(row[name]).__name__ for row in rows if row.get(name) is not None})
            raise FunctionFault(f"{called}: column {name} has values of {' and '.join(kinds)}") from fault
    return pa.table(columns).to_reader(max_chunksize=BATCH_ROWS)


def _array(values: list[Any], wanted: pa.DataType | None) -> pa.Array:
    """Values in the type of the contract; where they do not fit, in their own, which the contract is held against."""
    with contextlib.suppress(pa.ArrowException, TypeError, OverflowError):
        return pa.array(values, wanted)
    return pa.array([str(each) if isinstance(each, UUID) else each for each in values])


def _of_pandas(frame: Any, called: str) -> pa.Table:
    """A frame; an index with a name is a column, the mere numbers of rows are none."""
    is_named = any(name is not None for name in frame.index.names)
    try:
        return pa.Table.from_pandas(frame, preserve_index=is_named).replace_schema_metadata(None)
    except (pa.ArrowException, TypeError) as fault:
        raise FunctionFault(f"{called}: {fault.args[-1] if fault.args else fault}") from None


def _columns(schema: pa.Schema) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in zip(schema.names, schema.types, strict=True))


def _class_of(value: Any) -> str:
    kind = type(value)
    return f"{kind.__module__.partition('.')[0]}.{kind.__name__}"


def _nullable(pandas: Any) -> dict[pa.DataType, Any]:
    """Types that keep whole numbers whole where some are missing; the usual ones make fractions of them."""
    return {
        pa.bool_(): pandas.BooleanDtype(),
        pa.int16(): pandas.Int16Dtype(),
        pa.int32(): pandas.Int32Dtype(),
        pa.int64(): pandas.Int64Dtype(),
    }


def _installed(package: str, parameter: str) -> Any:
    with contextlib.suppress(ModuleNotFoundError):
        return __import__(package)
    raise FunctionFault(
        f"the function takes {parameter} by {package}, which is not installed: pip install {package} where pulumi runs"
    )
