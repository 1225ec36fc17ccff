"""The columns of a contract, read from a class, a mapping or an Arrow schema."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Hashable, Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from datakit_iac.functions.markers import Marker

_TYPES: Final[Mapping[Any, str]] = {
    bool: "boolean",
    int: "bigint",
    float: "double",
    str: "string",
    bytes: "binary",
    date: "date",
    datetime: "timestamp",
    time: "time",
    UUID: "uuid",
    dict: "json",
    list: "json",
    Any: "json",
}
_BY_NAME: Final = {"AwareDatetime": "timestamptz", "NaiveDatetime": "timestamp"}
"""Types of pydantic that say more than the class they stand for."""
_ARROW: Final[Mapping[str, str]] = {
    "bool": "boolean",
    "int8": "smallint",
    "uint8": "smallint",
    "int16": "smallint",
    "uint16": "integer",
    "int32": "integer",
    "uint32": "bigint",
    "int64": "bigint",
    "uint64": "decimal(20,0)",
    "halffloat": "float",
    "float": "float",
    "double": "double",
    "string": "string",
    "large_string": "string",
    "string_view": "string",
    "binary": "binary",
    "large_binary": "binary",
    "binary_view": "binary",
    "date32[day]": "date",
    "date64[ms]": "date",
    "extension<arrow.uuid>": "uuid",
    "extension<arrow.json>": "json",
}
_ARROW_PATTERNS: Final = (
    (r"timestamp\[\w+\]", "timestamp"),
    (r"timestamp\[\w+, tz=.+\]", "timestamptz"),
    (r"time(32|64)\[\w+\]", "time"),
    (r"decimal\d+\((\d+), (\d+)\)", r"decimal(\1,\2)"),
    (r"fixed_size_binary\[\d+\]", "binary"),
)
_ARROW_LIST: Final = r"(?:large_)?list(?:_view)?<\w+: (.+?)(?: not null)?>"
_TRUTHS: Final = ("pii", "primaryKey", "nullable")


def columns(schema: object) -> list[dict[str, Any]]:
    """The columns that a contract has, as a manifest's `schema` says them.

    >>> columns({"id": Annotated[int, Marker({"primaryKey": True})], "name": str | None})
    [{'name': 'id', 'type': 'bigint', 'nullable': False, 'primaryKey': True}, {'name': 'name', 'type': 'string'}]

    Args:
        schema: a pydantic model, a dataclass or another class with annotations, a mapping of names to types, or an
            Arrow schema whose fields carry `pii`, `primary_key` and the like as metadata.

    Raises:
        TypeError: it is none of these, or a column's type has no counterpart; the text names the column.
    """
    if _is_arrow(schema, "Schema"):
        return [_of_arrow_field(field) for field in typing.cast("Any", schema)]
    if isinstance(schema, Mapping):
        return [_column(name, annotation) for name, annotation in schema.items()]
    if isinstance(schema, type) and (fields := getattr(schema, "model_fields", None)) is not None:
        return [_of_pydantic(name, field) for name, field in fields.items()]
    if isinstance(schema, type) and getattr(schema, "__annotations__", None):
        return [_column(name, annotation) for name, annotation in _hints(schema).items()]
    raise TypeError(
        f"schema is {schema!r}; expected a pydantic model, a dataclass, a mapping of columns to types, an Arrow schema"
    )


def _hints(schema: type) -> dict[str, Any]:
    try:
        return get_type_hints(schema, include_extras=True)
    except NameError as fault:
        raise TypeError(f"{schema.__name__}: {fault}, which an annotation says; import it at the top") from fault


def _of_pydantic(name: str, field: Any) -> dict[str, Any]:
    annotation = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
    found = _column(name, annotation)
    return {**found, "description": field.description} if field.description else found


def _column(name: str, annotation: Any) -> dict[str, Any]:
    said = dict[str, Any]()
    kind, is_nullable = _unwrapped(annotation, said)
    try:
        found = {
            "name": name,
            **({} if "type" in said else _typed(kind)),
            **({} if is_nullable else {"nullable": False}),
        }
    except TypeError as fault:
        raise TypeError(f"column {name}: {fault}") from None
    if "type" in said:
        found = {"name": name, "type": said.pop("type"), **found}
    merged = {**found, **said}
    return {each: value for each, value in merged.items() if (each, value) != ("nullable", True)}


def _unwrapped(annotation: Any, said: dict[str, Any]) -> tuple[Any, bool]:
    """A type without what is around it, and whether it may be missing; what markers say is added to `said`."""
    is_nullable = False
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation, *metadata = get_args(annotation)
            for each in metadata:
                if isinstance(each, Marker):
                    said.update(each.fields)
                elif isinstance(
                    text := getattr(each, "description", None) or getattr(each, "documentation", None), str
                ):
                    said.setdefault("description", text)
        elif origin in (Union, types.UnionType) and type(None) in get_args(annotation):
            rest = [each for each in get_args(annotation) if each is not type(None)]
            is_nullable, annotation = True, rest[0] if len(rest) == 1 else Union[tuple(rest)]  # noqa: UP007  # of types that are known only now
        elif origin in (typing.Required, typing.NotRequired):
            is_nullable, (annotation,) = is_nullable or origin is typing.NotRequired, get_args(annotation)
        elif hasattr(annotation, "__supertype__"):
            annotation = annotation.__supertype__
        else:
            return annotation, is_nullable


def _typed(kind: Any) -> dict[str, Any]:
    """The type of a column, and the test that its values are those of an enumeration."""
    if get_origin(kind) is Literal:
        return _one_of([*get_args(kind)])
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _one_of([each.value for each in kind])
    return {"type": _spelled(kind)}


def _one_of(values: list[Any]) -> dict[str, Any]:
    kinds = {type(each) for each in values}
    if len(kinds) != 1 or (kind := kinds.pop()) not in (str, int):
        raise TypeError(f"its values are {values!r}; expected texts, or whole numbers")
    return {"type": _TYPES[kind], "tests": [{"accepted_values": {"values": values}}]}


def _spelled(kind: Any) -> str:
    if isinstance(kind, str):
        return kind  # the manifest's own spelling, as a mapping may have it
    if _is_arrow(kind, "DataType"):
        return _of_arrow(str(kind))
    if (name := _BY_NAME.get(getattr(kind, "__name__", ""))) and getattr(kind, "__module__", "").startswith("pydantic"):
        return name
    if get_origin(kind) in (list, tuple, set) and (arguments := [a for a in get_args(kind) if a is not ...]):
        element, _ = _unwrapped(arguments[0], {})
        return f"array<{_spelled(element)}>" if len(arguments) == 1 else "json"
    if kind is Decimal:
        raise TypeError("a Decimal does not say how many digits it has; write Annotated[Decimal, column(type=…)]")
    known = get_origin(kind) or kind
    found = _TYPES.get(known) if isinstance(known, Hashable) else None
    if found is None and isinstance(kind, type) and getattr(kind, "__annotations__", None):
        found = "json"  # a class with fields of its own
    if found is None:
        named = getattr(kind, "__name__", kind)
        raise TypeError(f"the type {named} has no counterpart in a table; write Annotated[…, column(type=…)]")
    return found


def _is_arrow(found: object, name: str) -> bool:
    """Whether something is of a class of pyarrow, which is not imported to know it."""
    return any((each.__module__.partition(".")[0], each.__name__) == ("pyarrow", name) for each in type(found).__mro__)


def _of_arrow_field(field: Any) -> dict[str, Any]:
    try:
        found = {"name": field.name, "type": _of_arrow(str(field.type))}
    except TypeError as fault:
        raise TypeError(f"column {field.name}: {fault}") from None
    return {**found, **({} if field.nullable else {"nullable": False}), **dict(_metadata(field.metadata or {}))}


def _metadata(metadata: Mapping[bytes, bytes]) -> Iterator[tuple[str, Any]]:
    for key, value in metadata.items():
        name = {"primary_key": "primaryKey"}.get(key.decode(), key.decode())
        if name in _TRUTHS:
            yield name, value.decode().lower() == "true"
        elif name in ("description", "masking", "from"):
            yield name, value.decode()


def _of_arrow(text: str) -> str:
    if dictionary := re.match(r"dictionary<values=(\w+),", text):
        text = dictionary[1]
    if found := _ARROW.get(text):
        return found
    if element := re.fullmatch(_ARROW_LIST, text):
        return f"array<{_of_arrow(element[1])}>"
    for pattern, kind in _ARROW_PATTERNS:
        if match := re.fullmatch(pattern, text):
            return match.expand(kind)
    raise TypeError(f"the Arrow type {text} has no counterpart in a table; expected a scalar or a list")
