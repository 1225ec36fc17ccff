"""Python declarations of imported resources, by the classes of this package."""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Final

from datakit_iac.toolchain.host.pcl import Block, Call, Reference, Value, read

_PREFIX: Final = "datakit:index:"
_CLASSES: Final = {
    "Store": ("technology", "connection", "secrets", "create"),
    "DataSet": ("store", "table", "prefix", "topic", "format", "schema"),
}
"""The classes of what can be imported, each with its arguments in the order of the class; further ones follow."""
_PARTS: Final = {"schema": "Column", "tests": "Test", "consents": "Consent"}
"""The properties that are lists of parts, and the class of a part."""
_FIRST: Final = ("name", "type")
_WIDTH: Final = 100


def declarations(text: str) -> str:
    """Python that declares resources as they were imported: another preview then has no changes.

    Args:
        text: the resources as the engine describes them, in PCL.

    Raises:
        pcl.PclError: it cannot be read.
    """
    resources = [block for block in read(text) if block.kind == "resource"]
    stores = {_reached(each.attributes): _variable(each.labels[0]) for each in resources if _kind(each) == "Store"}
    written = "\n".join(line for each in resources for line in _declaration(each, stores))
    used = {name for each in resources if _kind(each) for name in (_kind(each), *_parts(each.attributes))}
    imports = ["import pulumi"] if "pulumi." in written else []
    imports += [f"from datakit_iac import {', '.join(sorted(used))}"] if used else []
    return "\n".join([*imports, "", written, ""])


def _parts(properties: Mapping[str, Value]) -> Iterator[str]:
    """The classes of the parts that are in properties."""
    for key, value in properties.items():
        if key in _PARTS and isinstance(value, list):
            yield _PARTS[key]
            yield from (name for each in value if isinstance(each, Mapping) for name in _parts(each))


def _kind(resource: Block) -> str:
    """Its class; empty where there is none."""
    kind = resource.labels[1].removeprefix(_PREFIX)
    return kind if kind in _CLASSES else ""


def _declaration(resource: Block, stores: Mapping[str, str]) -> Iterator[str]:
    variable, token = resource.labels
    properties = dict(resource.attributes)
    name = properties.pop("__logicalName", variable)
    kind = _kind(resource)
    if not kind:
        yield f"# {_literal(name)} ({token}) is not declared here: only {' and '.join(_CLASSES)} of datakit are."
        return
    properties.pop("name", None)
    arguments = {key: properties.pop(key) for key in _CLASSES[kind] if key in properties} | properties
    if isinstance(store := arguments.get("store"), Mapping):
        reached = _reached(store)
        used = stores.get(reached) or _store_variable(store)
        arguments["store"] = Reference(used)
        if reached not in stores:
            yield f"# `{used}` is the program's Store of {reached}.".replace("\n", "\n# ")
    parts = [_literal(name), *(f"{_snake(key)}={_argument(key, value, 4)}" for key, value in arguments.items())]
    options = next((block.attributes for block in resource.blocks if block.kind == "options"), {})
    if options:
        each = [f"{_snake(key)}={_written(value, 4)}" for key, value in options.items()]
        parts.append(f"opts={_joined('pulumi.ResourceOptions(', each, ')', 4)}")
    yield _joined(f"{_variable(variable)} = {kind}(", parts, ")", 0)


def _argument(key: str, value: Value, indent: int) -> str:
    """The value of an argument: lists of parts are made of their classes."""
    part = _PARTS.get(key)
    if part is None or not isinstance(value, list):
        return _written(value, indent)
    return _joined("[", [_part(part, each, indent + 4) for each in value], "]", indent)


def _part(name: str, value: Value, indent: int) -> str:
    if not isinstance(value, Mapping):
        return _written(value, indent)
    ordered = {key: value[key] for key in _FIRST if key in value} | dict(value)
    arguments = [f"{_snake(key)}={_argument(key, each, indent + 4)}" for key, each in ordered.items()]
    return _joined(f"{name}(", arguments, ")", indent)


def _written(value: Value, indent: int) -> str:
    match value:
        case str():
            return _literal(value)
        case Reference():
            return ".".join(map(_variable, value.path.split(".")))
        case Call(function="secret"):
            return _joined("pulumi.Output.secret(", [_written(each, indent) for each in value.arguments], ")", indent)
        case Mapping():
            items = [f"{_literal(key)}: {_written(each, indent + 4)}" for key, each in value.items()]
            return _joined("{", items, "}", indent)
        case Sequence():
            return _joined("[", [_written(each, indent + 4) for each in value], "]", indent)
    return repr(value)


def _joined(begin: str, parts: Iterable[str], end: str, indent: int) -> str:
    """The parts on one line where that is short, else each on its own."""
    parts = list(parts)
    short = f"{begin}{', '.join(parts)}{end}"
    if "\n" not in short and indent + len(short) <= _WIDTH:
        return short
    lines = [f"{' ' * (indent + 4)}{part},\n" for part in parts]
    return f"{begin}\n{''.join(lines)}{' ' * indent}{end}"


def _literal(text: object) -> str:
    """A string in Python, in which every character is seen."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in quoted)


def _snake(name: str) -> str:
    """The name of a property as that of an argument: `primaryKey` is ``primary_key``, `from` is ``from_``."""
    snake = re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: f"_{found[1].lower()}", name)
    return f"{snake}_" if keyword.iskeyword(snake) else snake


def _variable(name: str) -> str:
    """A name of a resource as one of Python."""
    found = re.sub(r"\W", "_", name)
    return f"{found}_" if keyword.iskeyword(found) else f"_{found}" if found[:1].isdigit() else found


def _reached(store: Mapping[str, Value]) -> str:
    """How a Store is reached, in words that tell it from others."""
    options = store.get("connection")
    reached = {key: options[key] for key in sorted(options)} if isinstance(options, Mapping) else {}
    return f"{store.get('technology')} with {_written(reached, 0)}"


def _store_variable(store: Mapping[str, Value]) -> str:
    """What a program may call a Store: its file without the ending."""
    options = store.get("connection")
    path = options.get("path") if isinstance(options, Mapping) else None
    return _variable(PurePath(path).stem) if isinstance(path, str) and PurePath(path).stem else "store"
