"""The schema of messages, as JSON Schema or Avro: one for each list of columns. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final, Literal

from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.manifest.values.types import DataType

Form = Literal["json", "avro"]

_RANGES: Final = {"smallint": 1 << 15, "integer": 1 << 31, "bigint": 1 << 63}
_JSON: Final[dict[str, dict[str, Any]]] = {
    "boolean": {"type": "boolean"},
    "float": {"type": "number"},
    "double": {"type": "number"},
    "string": {"type": "string"},
    "binary": {"type": "string", "contentEncoding": "base64"},
    "date": {"type": "string", "format": "date"},
    "time": {"type": "string", "format": "time"},
    "timestamp": {"type": "string", "format": "local-date-time"},
    "timestamptz": {"type": "string", "format": "date-time"},
    "uuid": {"type": "string", "format": "uuid"},
    "json": {},
}
_AVRO: Final[dict[str, Any]] = {
    "boolean": "boolean",
    "smallint": "int",
    "integer": "int",
    "bigint": "long",
    "float": "float",
    "double": "double",
    "string": "string",
    "binary": "bytes",
    "date": {"type": "int", "logicalType": "date"},
    "time": {"type": "long", "logicalType": "time-micros"},
    "timestamp": {"type": "long", "logicalType": "local-timestamp-micros"},
    "timestamptz": {"type": "long", "logicalType": "timestamp-micros"},
    "uuid": {"type": "string", "logicalType": "uuid"},
    "json": "string",
}
_AVRO_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def form_of(place: Place) -> Form:
    """How the messages of a topic are written: as JSON, unless it says Avro."""
    return "avro" if place.format == "avro" else "json"


def schema(form: Form, name: str, columns: Sequence[Column]) -> str:
    """The schema as a registry takes it.

    Sources: https://json-schema.org/draft-07/json-schema-validation, https://avro.apache.org/docs/1.12.0/specification/

    Args:
        form: which of both.
        name: the DataSet's.
        columns: its columns.

    Raises:
        ValueError: Avro has no such name of a column.
    """
    return json.dumps(_json_schema(name, columns) if form == "json" else avro_schema(name, columns))


def _json_schema(name: str, columns: Sequence[Column]) -> dict[str, Any]:
    """An object of these properties and no others: one that is added to an open object is not compatible."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": name,
        "type": "object",
        "additionalProperties": False,
        "properties": {column.name: _property(column) for column in columns},
        "required": [column.name for column in columns if column.required],
    }


def _property(column: Column) -> dict[str, Any]:
    said = {"description": column.description} if column.description else {}
    kind = _json_type(column.type)
    if column.required or not kind:
        return {**kind, **said}
    return {"oneOf": [{"type": "null"}, kind], **said}


def _json_type(data_type: DataType) -> dict[str, Any]:
    if data_type.element is not None:
        element = _json_type(data_type.element)
        return {"type": "array", "items": {"oneOf": [{"type": "null"}, element]} if element else {}}
    if data_type.name in _RANGES:
        limit = _RANGES[data_type.name]
        return {"type": "integer", "minimum": -limit, "maximum": limit - 1}
    if data_type.name == "decimal":
        return {"type": "string", "format": "decimal"}
    longest = {"maxLength": data_type.parameters[0]} if data_type.name == "string" and data_type.parameters else {}
    return {**_JSON[data_type.name], **longest}


def avro_schema(name: str, columns: Sequence[Column]) -> dict[str, Any]:
    """A record of these fields; one that may be empty is null by default, so that it can be added.

    Raises:
        ValueError: Avro has no such name of a column.
    """
    if strange := [column.name for column in columns if not _AVRO_NAME.fullmatch(column.name)]:
        raise ValueError(
            f"Avro has no field {', '.join(map(repr, strange))}: names are letters, digits and underscores; rename the"
            " column, or write `format: json`"
        )
    fields = [_field(column) for column in columns]
    return {"type": "record", "name": re.sub(r"\W", "_", name), "namespace": "datakit", "fields": fields}


def _field(column: Column) -> dict[str, Any]:
    kind = _avro_type(column.type)
    said: dict[str, Any] = {"doc": column.description} if column.description else {}
    if column.required:
        return {"name": column.name, "type": kind, **said}
    return {"name": column.name, "type": ["null", kind], "default": None, **said}


def _avro_type(data_type: DataType) -> Any:
    if data_type.element is not None:
        return {"type": "array", "items": ["null", _avro_type(data_type.element)]}
    if data_type.name == "decimal":
        precision, scale = data_type.parameters
        return {"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale}
    return _AVRO[data_type.name]
