"""The validators of the usual kinds, kept from one process to the next, as Python keeps the bytecode of modules.

To import pydantic and to build the models takes longer than to read two thousand manifests. What comes of it is a
schema for pydantic's core (`pydantic_core.core_schema`), and that core alone checks by it. So the schemas are kept in a
file, each function and class in them by its name; it holds for the sources, the interpreter and the pydantic it was
made from, and is made anew once one of them is another. The models stay the only ones that say what is right: whatever
the kept validators refuse is read, and judged, by the models.
"""

from __future__ import annotations

import importlib
import marshal
import os
import sys
from collections.abc import Callable, Mapping
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

if TYPE_CHECKING:
    from pydantic_core import SchemaValidator

    from datakit_iac.manifest.document import Manifest

KINDS_KEPT: Final = ("Connector", "Store", "DataSet", "Transform")
"""The kinds that every project has."""

_UNKEPT: Final = ("metadata", "serialization")
"""Parts of schemas that say nothing of what is right."""
_CLASS: Final = "\0class"
_FUNCTION: Final = "\0function"
_INSTANCE: Final = "\0instance"


class Record:
    """A part of a manifest, with the fields of its model, made while the model itself is not imported.

    What a model has from classes other than pydantic's (`traits`) a record has too; asked for anything else, it has the
    model imported, and gives what that would.
    """

    __slots__ = ("__dict__", "__pydantic_extra__", "__pydantic_fields_set__", "__pydantic_private__")
    _model: str

    @property
    def model_fields_set(self) -> set[str]:
        """The fields that were given, as pydantic has it."""
        return self.__pydantic_fields_set__  # type: ignore[no-any-return]  # pydantic sets it

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(modelled(self), name)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash(self._model)

    def __repr__(self) -> str:
        return repr(modelled(self))


def modelled(value: Any) -> Any:
    """A record as what its model would have made of the same document; anything else as it is."""
    if isinstance(value, Record):
        fields = {name: modelled(each) for name, each in vars(value).items()}
        return _named(value._model).model_construct(value.model_fields_set, **fields)
    if isinstance(value, list):
        return [modelled(each) for each in value]
    if isinstance(value, dict):
        return {key: modelled(each) for key, each in value.items()}
    return value


# From one process to the next.


def keep(models: Mapping[str, type[Manifest]]) -> None:
    """Keep the validators of models for the processes after this one; not to be able to is no fault."""
    try:
        content = marshal.dumps((_made_from(), [(kind, packed(models[kind])) for kind in KINDS_KEPT]))
        file = _file()
        os.makedirs(os.path.dirname(file), exist_ok=True)  # noqa: PTH103, PTH120  # pathlib is slow to import
        unfinished = f"{file}.{os.getpid()}"
        with open(unfinished, "wb") as stream:  # noqa: PTH123
            stream.write(content)
        os.replace(unfinished, file)  # noqa: PTH105
    except (OSError, ValueError):
        return


def kept() -> dict[str, SchemaValidator] | None:
    """The validators by kind, which make records; None where none are kept that hold for this installation."""
    try:
        with open(_file(), "rb") as stream:  # noqa: PTH123
            made_from, schemas = marshal.loads(stream.read())
        if made_from == _made_from():
            return {kind: validator(schema) for kind, schema in schemas}
    except (OSError, ValueError, TypeError, EOFError):
        pass
    return None


def _file() -> str:
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111
    return os.path.join(home, "datakit", "models", f"{crc32(__file__.encode()):08x}.{sys.implementation.cache_tag}")  # noqa: PTH118


def _made_from() -> list[tuple[str, int, int]]:
    """Name, size and time of every file that decides what the validators are."""
    with os.scandir(os.path.dirname(__file__)) as entries:  # noqa: PTH120
        found = [(entry.path, entry.stat()) for entry in entries if entry.name.endswith(".py")]
    pydantic = find_spec("pydantic")
    if pydantic is not None and pydantic.origin:
        version = os.path.join(os.path.dirname(pydantic.origin), "version.py")  # noqa: PTH118, PTH120
        found.append((version, os.stat(version)))  # noqa: PTH116
    return sorted((path, stat.st_size, stat.st_mtime_ns) for path, stat in found)


# Schemas as plain values.


def packed(model: type[Manifest]) -> Any:
    """The schema of a model in what `marshal` writes.

    Raises:
        ValueError: something in it cannot be found by its name.
    """
    return _packed(model.__pydantic_core_schema__)


def _packed(node: Any) -> Any:
    if isinstance(node, dict):
        unkept = _UNKEPT if isinstance(node.get("type"), str) else ()  # else it is the fields by name
        return {key: _packed(value) for key, value in node.items() if key not in unkept}
    if isinstance(node, (list, tuple)):
        return [_packed(each) for each in node]
    if node is None or isinstance(node, (str, int, float, bool, bytes)):
        return node
    if isinstance(node, type):
        return (_CLASS, _name(node), _traits(node))
    if callable(node) and hasattr(node, "__qualname__"):
        return (_FUNCTION, _name(node))
    if hasattr(node, "model_fields_set"):
        fields = {name: _packed(value) for name, value in vars(node).items()}
        return (_INSTANCE, _packed(type(node)), fields, sorted(node.model_fields_set))
    raise ValueError(f"{node!r} cannot be kept")


def _name(value: Any) -> str:
    name = f"{value.__module__}:{value.__qualname__}"
    if _named(name) is not value:
        raise ValueError(f"{name} is not found by its name")
    return name


def _traits(model: type) -> list[str] | None:
    """The classes that a model is made of, other than pydantic's and ours on top of them; None if it is no model."""
    if not hasattr(model, "model_fields"):
        return None
    return [
        _name(each)
        for each in model.__mro__
        if each is not object
        and not hasattr(each, "__pydantic_validator__")
        and each.__module__.startswith("datakit_iac.")
    ]


def validator(schema: Any) -> SchemaValidator:
    """The validator of what `packed` gave, which makes records."""
    from pydantic_core import SchemaValidator

    return SchemaValidator(_unpacked(schema))


def _unpacked(node: Any) -> Any:
    kind = type(node)
    if kind is dict:
        return {key: _unpacked(value) for key, value in node.items()}
    if kind is list:
        return [_unpacked(each) for each in node]
    if kind is not tuple:
        return node
    if node[0] == _FUNCTION:
        return _function(node[1])
    if node[0] == _CLASS:
        return _named(node[1]) if node[2] is None else _record(node[1], tuple(node[2]))
    made: Any = object.__new__(_unpacked(node[1]))
    made.__dict__.update(_unpacked(node[2]))
    made.__pydantic_fields_set__ = set(node[3])
    made.__pydantic_extra__ = made.__pydantic_private__ = None
    return made


@cache
def _record(model: str, traits: tuple[str, ...]) -> type[Record]:
    bases = (*map(_named, traits), Record)
    return type(model.partition(":")[2], bases, {"_model": model, "__slots__": ()})


@cache
def _function(name: str) -> Callable[..., Any]:
    """A function that is imported once it is needed: most manifests need few of them."""

    def called(*arguments: Any) -> Any:
        return _named(name)(*arguments)

    return called


@cache
def _named(name: str) -> Any:
    module, _, path = name.partition(":")
    found: Any = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    return found
