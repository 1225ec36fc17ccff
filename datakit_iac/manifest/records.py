"""Records: manifests as their models' validators make them, while neither models nor pydantic are imported.

pydantic makes of each model a schema (`pydantic_core.core_schema`) by which its core checks documents. `packed` gives
that schema as plain values, its classes and functions by their names; the validator that `validator` makes of them is
the model's own, but makes records.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import SchemaValidator

if TYPE_CHECKING:
    from datakit_iac.manifest.document import Manifest

_OF_NO_ACCOUNT: Final = ("metadata", "serialization")
"""Parts of a schema that say nothing of what is right."""


class Record:
    """A manifest, or a part of one: it has the fields of its model, and what that inherits from `traits`.

    Asked for anything else it has the model imported, and answers as that would.
    """

    __slots__ = ("__dict__", "__pydantic_extra__", "__pydantic_fields_set__", "__pydantic_private__")
    __pydantic_extra__: dict[str, Any] | None
    __pydantic_fields_set__: set[str]
    _model: str

    @property
    def model_extra(self) -> dict[str, Any] | None:
        """The fields that the model does not know, where it takes such."""
        return self.__pydantic_extra__

    @property
    def model_fields_set(self) -> set[str]:
        """The fields that were given."""
        return self.__pydantic_fields_set__

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
    """What the model would have made of a record's document; records in lists and mappings too."""
    if isinstance(value, Record):
        fields = {name: modelled(each) for name, each in {**vars(value), **(value.model_extra or {})}.items()}
        return _named(value._model).model_construct(value.model_fields_set, **fields)
    if isinstance(value, list):
        return [modelled(each) for each in value]
    if isinstance(value, dict):
        return {key: modelled(each) for key, each in value.items()}
    return value


def packed(model: type[Manifest]) -> Any:
    """The schema of a model, in what `marshal` takes: mappings, lists, texts, numbers, and tuples for what has a name.

    Raises:
        ValueError: something in it cannot be found by its name.
    """
    return _packed(model.__pydantic_core_schema__)


def _packed(node: Any) -> Any:
    if isinstance(node, dict):
        left_out = _OF_NO_ACCOUNT if isinstance(node.get("type"), str) else ()  # else these are fields by their names
        return {key: _packed(value) for key, value in node.items() if key not in left_out}
    if isinstance(node, (list, tuple)):
        return [_packed(each) for each in node]
    if node is None or isinstance(node, (str, int, float)):
        return node
    if isinstance(node, type):
        return "class", _name(node), _traits(node)
    if hasattr(node, "model_fields_set"):
        fields = {name: _packed(value) for name, value in vars(node).items()}
        return "instance", _packed(type(node)), fields, sorted(node.model_fields_set)
    return "function", _name(node)


def _name(value: Any) -> str:
    name = f"{getattr(value, '__module__', '')}:{getattr(value, '__qualname__', '')}"
    try:
        if _named(name) is value:
            return name
    except (ImportError, AttributeError, ValueError):  # a function within a function, for instance
        pass
    raise ValueError(f"{value!r} cannot be found by a name")


def _traits(made: type) -> list[str] | None:
    """The classes of ours beside pydantic's that a model inherits from; None if it is no model."""
    if not hasattr(made, "__pydantic_validator__"):
        return None
    ours = (each for each in made.__mro__ if each.__module__.startswith(__package__))
    return [_name(each) for each in ours if not hasattr(each, "__pydantic_validator__")]


def validator(schema: Any) -> SchemaValidator:
    """The validator of the model whose schema was packed; it makes records."""
    return SchemaValidator(_unpacked(schema))


def _unpacked(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _unpacked(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_unpacked(each) for each in node]
    match node:
        case ("function", name):
            return _function(name)
        case ("class", name, traits):
            return _named(name) if traits is None else _record(name, tuple(traits))
        case ("instance", of, fields, given):
            made: Any = _unpacked(of)()
            vars(made).update(_unpacked(fields))
            made.__pydantic_fields_set__, made.__pydantic_extra__ = set(given), None
            return made
    return node


@cache
def _record(model: str, traits: tuple[str, ...]) -> type[Record]:
    bases = (*map(_named, traits), Record)
    return type(model.partition(":")[2], bases, {"_model": model, "__slots__": ()})


@cache
def _function(name: str) -> Callable[[Any], Any]:
    """A function that is imported once it is called: most manifests need few of them."""

    def called(value: Any) -> Any:
        return _named(name)(value)

    return called


@cache
def _named(name: str) -> Any:
    module, _, path = name.partition(":")
    found: Any = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    return found
