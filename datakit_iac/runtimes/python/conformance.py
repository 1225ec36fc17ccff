"""Whether rows keep a contract: their columns before any is written, their values as they come."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

import pyarrow as pa
from cloudquery.sdk.types import JSONType, UUIDType

from datakit_iac.cloudquery_plugins.columns import DeclaredColumn
from datakit_iac.cloudquery_plugins.types import from_arrow, to_arrow
from datakit_iac.manifest.values.types import DataType

_WHOLE: Final = ("smallint", "integer", "bigint")
_BY_VALUE: Final = {
    **dict.fromkeys(_WHOLE, (*_WHOLE, "decimal")),
    "decimal": (*_WHOLE, "decimal"),
    "double": ("bigint",),
    "json": ("string",),
    "uuid": ("string",),
}
"""What may come for a type beside what it holds anyway; each value is looked at."""


class Conformance:
    """The contract of one output, and what was found against it.

    Args:
        columns: those of the contract; none where it says nothing of them, which takes all.
        sent: the columns that come.

    Attributes:
        schema: of the rows as the contract has them.
    """

    def __init__(self, columns: Sequence[DeclaredColumn], sent: pa.Schema) -> None:
        self._columns = list(columns) or [_inferred(field) for field in sent]
        self._sent = sent
        self._nulls: dict[str, int] = {}
        self._misfits: dict[str, str] = {}
        self.schema = contract(self._columns)

    def differences(self) -> list[str]:
        """What of the columns is not as the contract says, each one sentence."""
        names = [column.name for column in self._columns]
        twice = sorted({name for name in self._sent.names if self._sent.names.count(name) > 1})
        found = [f"column {name} is missing" for name in names if name not in self._sent.names]
        found += [f"column {name} comes twice" for name in twice]
        found += [
            f"column {name} is not in the contract" for name in dict.fromkeys(self._sent.names) if name not in names
        ]
        for column in self._columns:
            if column.name in self._sent.names and column.name not in twice:
                kind = self._sent.field(column.name).type
                if not fits(kind, column.type):
                    found.append(f"column {column.name} is {_spelled(kind)}, expected {column.type}")
        return found

    def conformed(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """A batch in the types of the contract; what does not fit is kept for `breaches`, and null here."""
        arrays = []
        for column, field in zip(self._columns, self.schema, strict=True):
            found = batch.column(column.name)
            if column.required and found.null_count:
                self._nulls[column.name] = self._nulls.get(column.name, 0) + found.null_count
            try:
                arrays.append(_converted(found, field.type))
            except (pa.ArrowException, ValueError, OverflowError):
                # What Arrow says repeats the value, which may be personal data.
                self._misfits[column.name] = f"column {column.name} has values that are not {column.type}"
                arrays.append(_converted(pa.nulls(len(found)), field.type))
        return pa.RecordBatch.from_arrays(arrays, names=self.schema.names)

    def breaches(self) -> list[str]:
        """What of the values so far is against the contract."""
        nulls = [
            f"column {name} is required, and {count:,} row{'s have' if count > 1 else ' has'} no value in it"
            for name, count in self._nulls.items()
        ]
        return [*nulls, *self._misfits.values()]


def contract(columns: Sequence[DeclaredColumn]) -> pa.Schema:
    """The columns of a contract as Arrow has them."""
    return pa.schema([pa.field(each.name, to_arrow(each.type)) for each in columns])


def fits(found: pa.DataType, wanted: DataType) -> bool:
    """Whether values of an Arrow type can be values of a column, as far as the types tell."""
    if pa.types.is_null(found):
        return True
    if pa.types.is_dictionary(found):
        return fits(found.value_type, wanted)
    if wanted.name == "json" and (pa.types.is_nested(found) or found == pa.json_()):
        return True
    if wanted.name == "uuid" and found in (pa.uuid(), pa.binary(16)):
        return True
    if wanted.element is not None and _is_list(found):
        return fits(found.value_type, wanted.element)
    try:
        kind = from_arrow(found)
    except ValueError:
        return False
    if kind.name in ("string", "timestamp", "timestamptz") and kind.name == wanted.name:
        return True
    return wanted.widens(kind) or kind.name in _BY_VALUE.get(wanted.name, ())


def _converted(column: Any, wanted: pa.DataType) -> Any:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if isinstance(wanted, JSONType):
        return pa.ExtensionArray.from_storage(wanted, _mapped(column, _json(column.type), wanted.storage_type))
    if isinstance(wanted, UUIDType):
        column = column.storage if isinstance(column, pa.ExtensionArray) else column
        return pa.ExtensionArray.from_storage(wanted, _mapped(column, _uuid, wanted.storage_type))
    if column.type == wanted:
        return column
    if pa.types.is_decimal(column.type) and pa.types.is_integer(wanted):
        # Arrow cuts off what is behind the point, even where it is asked to be safe.
        whole = column.cast(pa.decimal128(38, 0))
        return whole.cast(wanted)
    return column.cast(wanted)


def _mapped(column: Any, of: Callable[[Any], bytes], storage: pa.DataType) -> Any:
    return pa.array([None if each is None else of(each) for each in column.to_pylist()], type=storage)


def _json(kind: pa.DataType) -> Callable[[Any], bytes]:
    return _dumped if pa.types.is_nested(kind) else _checked


def _dumped(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str).encode()


def _checked(text: str) -> bytes:
    json.loads(text)
    return text.encode()


def _uuid(value: Any) -> bytes:
    if isinstance(value, UUID):
        return value.bytes
    return value if isinstance(value, bytes) else UUID(value).bytes


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def _spelled(kind: pa.DataType) -> str:
    try:
        return str(from_arrow(kind))
    except ValueError:
        return str(kind)


def _inferred(field: pa.Field) -> DeclaredColumn:
    return DeclaredColumn(field.name, from_arrow(field.type))
