"""The engine's property maps as plain values.

The format is Pulumi's (`sdk/proto/pulumi/provider.proto` and "Property Values" in its developer documentation): a
`google.protobuf.Struct` in which a secret is an object with a signature key, and what is not known yet one fixed text.
The SDK's own `PropertyValue.unmarshal` reads an unknown as that text and fails on output values without dependencies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from google.protobuf.struct_pb2 import ListValue, Struct, Value

from datakit_iac.manifest.values.secret import Secret

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"
OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
COMPUTED: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


class Unknown:
    """A value that only the update will know. There is one: `UNKNOWN`."""

    def __repr__(self) -> str:
        return "[unknown]"


UNKNOWN: Final = Unknown()


def read(struct: Struct) -> dict[str, Any]:
    """Plain values of a property map: secrets as `Secret`, unknown values as `UNKNOWN`, whole numbers as int."""
    return {key: _read(value) for key, value in struct.fields.items()}


def write(properties: Mapping[str, Any]) -> Struct:
    """The property map of plain values.

    Raises:
        TypeError: a value has no counterpart; its type is named, never the value.
    """
    return Struct(fields={key: _write(value) for key, value in properties.items()})


def has_unknowns(value: object) -> bool:
    """Whether a value is, or holds, one that is not known yet."""
    if isinstance(value, Mapping):
        return any(map(has_unknowns, value.values()))
    if isinstance(value, list):
        return any(map(has_unknowns, value))
    if isinstance(value, Secret):
        return has_unknowns(value.content)
    return value is UNKNOWN


def unknowns(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The first path in a value that is not known yet, for messages; `has_unknowns` is called for every resource."""
    match value:
        case Mapping():
            for key, each in value.items():
                yield from unknowns(each, (*path, str(key)))
        case list():
            for index, each in enumerate(value):
                yield from unknowns(each, (*path, index))
        case Secret():
            yield from unknowns(value.content, path)
        case Unknown():
            yield path


def _read(value: Value) -> Any:
    match value.WhichOneof("kind"):
        case "bool_value":
            return value.bool_value
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "string_value":
            return UNKNOWN if value.string_value == COMPUTED else value.string_value
        case "list_value":
            return [_read(item) for item in value.list_value.values]
        case "struct_value":
            return _read_object(value.struct_value)
        case _:
            return None


def _read_object(struct: Struct) -> Any:
    signature = struct.fields[SIGNATURE].string_value if SIGNATURE in struct.fields else ""
    if not signature:
        return read(struct)
    inner = _read(struct.fields["value"]) if "value" in struct.fields else UNKNOWN
    is_secret = signature == SECRET or (signature == OUTPUT and struct.fields["secret"].bool_value)
    return Secret(inner) if is_secret else inner


def _write(value: object) -> Value:
    match value:
        case None:
            return Value(null_value=0)  # type: ignore[arg-type]  # the enum's only member
        case bool():
            return Value(bool_value=value)
        case int() | float():
            return Value(number_value=value)
        case str():
            return Value(string_value=value)
        case Unknown():
            return Value(string_value=COMPUTED)
        case Secret():
            wrapped = {SIGNATURE: Value(string_value=SECRET), "value": _write(value.content)}
            return Value(struct_value=Struct(fields=wrapped))
        case Mapping():
            return Value(struct_value=write(value))
        case list() | tuple():
            return Value(list_value=ListValue(values=map(_write, value)))
    raise TypeError(f"a {type(value).__name__} has no place in a property map")
