"""Messages as typed values: JSON or Avro, each value held against its column without losing anything."""

from __future__ import annotations

import base64
import io
import json
import re
import struct
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Context, Decimal, InvalidOperation
from typing import Any, Final

import fastavro

from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.values.types import DataType
from datakit_iac.manifest.wording import a
from datakit_iac.technologies.kafka.schemas import Form
from datakit_iac.technologies.technology import StoreError

_RANGES: Final = {"smallint": 1 << 15, "integer": 1 << 31, "bigint": 1 << 63}
_SHOWN: Final = 80
_HEAD: Final = struct.Struct(">bI")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EXACT: Final = Context(prec=80)
_FRACTION: Final = re.compile(r"[.,](\d+)")
_MICROSECONDS: Final = 6


class MisfitError(ValueError):
    """A message does not fit.

    Attributes:
        column: the column whose value does not; None where it is the message as a whole.
    """

    def __init__(self, reason: str, column: str | None = None) -> None:
        self.column = column
        super().__init__(f"column {column}: {reason}" if column else reason)


class Decoder:
    """Reads the messages of one table.

    Args:
        form: how messages are written.
        columns: what is wanted of them.
        writer: the Avro schema of an ID, as a registry has it; None where there is no registry.
    """

    def __init__(self, form: Form, columns: Sequence[Column], writer: Callable[[int], str] | None) -> None:
        self._columns = columns
        self._writer = writer
        self._is_avro = form == "avro"
        self._parsed: dict[int, Any] = {}
        is_exact = any("decimal" in str(column.type) for column in columns)
        self._load = json.JSONDecoder(parse_float=Decimal if is_exact else None, parse_constant=_no_number).decode
        self.left_out: set[str] = set()

    def row(self, value: bytes) -> list[Any]:
        """The values of a message, in the order of the columns.

        Raises:
            MisfitError: it cannot be read, or a value does not fit its column.
            StoreError: the registry does not tell its schema.
        """
        document = self._document(value)
        found = {name.lower(): each for name, each in document.items()} if _has_upper(document) else document
        if len(found) > len(self._columns) or any(column.name.lower() not in found for column in self._columns):
            self.left_out |= found.keys() - {column.name.lower() for column in self._columns}
        return [self._value(column, found.get(column.name.lower())) for column in self._columns]

    def _document(self, value: bytes) -> Mapping[str, Any]:
        number, body = None, value
        if value[:1] == b"\0" and len(value) > _HEAD.size:
            _, number = _HEAD.unpack_from(value)
            body = value[_HEAD.size :]
        try:
            read = self._avro(number, body) if self._is_avro else self._load(body.decode())
        except (MisfitError, StoreError):  # that a registry does not answer is not an error of the message
            raise
        except Exception as fault:  # whatever the reader of a form raises, it is the message that is wrong
            form = "Avro" if self._is_avro else "JSON"
            raise MisfitError(f"the message is not {form}: {fault}") from fault
        if not isinstance(read, dict):
            raise MisfitError(f"the message is {a(type(read).__name__)}; expected an object")
        return read

    def _avro(self, number: int | None, body: bytes) -> Any:
        if number is None or self._writer is None:
            raise MisfitError("the message names no schema; expected Avro with the ID of a schema in the registry")
        if number not in self._parsed:
            self._parsed[number] = fastavro.parse_schema(json.loads(self._writer(number)))
        return fastavro.schemaless_reader(io.BytesIO(body), self._parsed[number])

    def _value(self, column: Column, value: Any) -> Any:
        if value is None:
            if column.required:
                raise MisfitError("no value, but the contract requires one", column.name)
            return None
        try:
            if column.type.name == "json" and self._is_avro:  # whose fields of JSON are text
                json.loads(_only(value, str))
                return value
            return typed(value, column.type)
        except (ValueError, TypeError, InvalidOperation, OverflowError) as fault:
            text = repr(str(value) if isinstance(value, Decimal) else value)
            shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
            raise MisfitError(f"{shown} is not {a(str(column.type))}", column.name) from fault


def _has_upper(document: Mapping[str, Any]) -> bool:
    return any(name != name.lower() for name in document)


def typed(value: Any, data_type: DataType) -> Any:
    """A value as Arrow takes it: times in microseconds, dates in days, JSON as text.

    Raises:
        ValueError, TypeError, InvalidOperation, OverflowError: it does not fit the type.
    """
    if data_type.element is not None:
        if not isinstance(value, list):
            raise TypeError
        return [None if each is None else typed(each, data_type.element) for each in value]
    return _TYPED[data_type.name](value, data_type)


def _boolean(value: Any, data_type: DataType) -> bool:
    return bool(_only(value, bool))


def _integer(value: Any, data_type: DataType) -> int:
    limit = _RANGES[data_type.name]
    number = _number(value)
    if number != int(number) or not -limit <= number < limit:
        raise ValueError
    return int(number)


def _double(value: Any, data_type: DataType) -> float:
    return float(_number(value))


def _decimal(value: Any, data_type: DataType) -> Decimal:
    precision, scale = data_type.parameters
    number = Decimal(value) if isinstance(value, str) else Decimal(_number(value))
    if not number.is_finite():
        raise ValueError
    fitted = number.quantize(Decimal(1).scaleb(-scale), context=_EXACT)
    if fitted != number or len(fitted.as_tuple().digits) > max(precision, 1):
        raise ValueError
    return fitted


def _string(value: Any, data_type: DataType) -> str:
    text: str = _only(value, str)
    if data_type.parameters and len(text) > data_type.parameters[0]:
        raise ValueError
    return text


def _binary(value: Any, data_type: DataType) -> bytes:
    return value if isinstance(value, bytes) else base64.b64decode(_only(value, str), validate=True)


def _date(value: Any, data_type: DataType) -> int:
    day = value if type(value) is date else date.fromisoformat(_only(value, str))
    return day.toordinal() - _EPOCH.toordinal()


def _time(value: Any, data_type: DataType) -> int:
    at = value if isinstance(value, time) else time.fromisoformat(_coarse(_only(value, str)))
    if at.tzinfo is not None:
        raise ValueError
    return ((at.hour * 60 + at.minute) * 60 + at.second) * 1_000_000 + at.microsecond


def _timestamp(value: Any, data_type: DataType) -> int:
    at = value if isinstance(value, datetime) else datetime.fromisoformat(_coarse(_only(value, str)))
    if data_type.name == "timestamp" and at.tzinfo is not None:
        raise ValueError  # its offset would be lost
    passed = (at if at.tzinfo else at.replace(tzinfo=UTC)) - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds


def _coarse(text: str) -> str:
    """The text of a time, which Python would cut to microseconds."""
    fraction = _FRACTION.search(text)
    if fraction and len(fraction.group(1).rstrip("0")) > _MICROSECONDS:
        raise ValueError
    return text


def _json(value: Any, data_type: DataType) -> str:
    return json.dumps(value, default=float, ensure_ascii=False)


def _uuid(value: Any, data_type: DataType) -> bytes:
    return (value if isinstance(value, uuid.UUID) else uuid.UUID(_only(value, str))).bytes


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise TypeError
    return value


def _only(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError
    return value


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is not a number of JSON")


_TYPED: Final[Mapping[str, Callable[[Any, DataType], Any]]] = {
    "boolean": _boolean,
    "smallint": _integer,
    "integer": _integer,
    "bigint": _integer,
    "float": _double,
    "double": _double,
    "decimal": _decimal,
    "string": _string,
    "binary": _binary,
    "date": _date,
    "time": _time,
    "timestamp": _timestamp,
    "timestamptz": _timestamp,
    "json": _json,
    "uuid": _uuid,
}
