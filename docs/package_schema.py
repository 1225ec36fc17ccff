"""The package schema of the provider, made from the shapes of what programs send (`datakit_iac/contract/shapes.py`).

Its format is Pulumi's (https://www.pulumi.com/docs/iac/using-pulumi/extending-pulumi/schema/).
"""

from __future__ import annotations

import json
import tomllib
import typing
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel

from datakit_iac.contract.outputs import OUTPUTS
from datakit_iac.contract.properties import property_names
from datakit_iac.contract.shapes import SHAPES, STEERING, Contract, StoreReference
from datakit_iac.manifest.models.column import Column, Test
from datakit_iac.manifest.models.dataset import Consent
from datakit_iac.manifest.models.document import Model
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.manifest.values.types import DataType

HERE: Final = Path(__file__).parent
FILE: Final = HERE.parent / "datakit_iac" / "provider" / "schema.json"

_ANY: Final = {"$ref": "pulumi.json#/Any"}
_PLAIN: Final[dict[Any, dict[str, Any]]] = {
    str: {"type": "string"},
    Secret: {"type": "string"},
    DataType: {"type": "string"},
    date: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    Any: _ANY,
    Test: _ANY,  # a name, or a mapping
}
_TYPES: Final[tuple[type[Model], ...]] = (StoreReference, Column, Consent, Contract)
"""The parts that have a type of their own; the others are mappings of anything."""
_SECRET: Final = ("secrets", "env")
_MADE_BY_PROGRAMS: Final = "definition"
"""What has no default for those who write a resource without our classes."""


def text() -> str:
    """The schema, as the provider hands it out."""
    return json.dumps(_Package().schema(), indent=2, ensure_ascii=False) + "\n"


class _Package:
    """The schema as it grows: the types of choices are found where a property has them."""

    def __init__(self) -> None:
        self._choices: dict[str, Any] = {}

    def schema(self) -> dict[str, Any]:
        types = {f"datakit:index:{each.__name__}": self._type(each) for each in _TYPES}
        resources = {f"datakit:index:{kind}": self._resource(kind, shape) for kind, shape in SHAPES.items()}
        functions = {"datakit:index:fingerprint": self._fingerprint()}
        return {
            **_told()["package"],
            "meta": {"moduleFormat": "(.*)"},
            "config": {},
            "provider": {
                "description": "A Platform configures one with the secrets of its Stores.",
                "inputProperties": {
                    "stores": {
                        "type": "object",
                        "additionalProperties": _ANY,
                        "description": "The `location` and the `secrets` of each Store, by its name.",
                        "secret": True,
                    }
                },
            },
            "types": types | dict(sorted(self._choices.items())),
            "resources": resources,
            "functions": functions,
        }

    def _type(self, shape: type[Model]) -> dict[str, Any]:
        without = STEERING if shape is Contract else ()
        description = _told()["types"][shape.__name__]
        properties = self._properties(shape, without)
        return {"type": "object", "description": description, "properties": properties, "required": _required(shape)}

    def _resource(self, kind: str, shape: type[Model]) -> dict[str, Any]:
        given, more = self._properties(shape), OUTPUTS.get(kind, Model)
        required = _required(shape)
        return {
            "description": _told()["resources"][kind],
            "inputProperties": given,
            "requiredInputs": required,
            "properties": given | self._properties(more),
            "required": [*required, *_required(more)],
        }

    def _fingerprint(self) -> dict[str, Any]:
        said = _told()["fingerprint"]
        given = self._properties(Contract, [name for name in STEERING if name != "external"])
        given["tellsFault"] = {"type": "boolean", "description": said["tellsFault"]}
        results = {name: {"type": "string", "description": said[name]} for name in ("version", "fault")}
        return {
            "description": said["description"],
            "inputs": {"type": "object", "properties": given, "required": _required(Contract)},
            "outputs": {"type": "object", "properties": results},
        }

    def _properties(self, shape: type[Model], without: Any = ()) -> dict[str, Any]:
        hints = typing.get_type_hints(shape, include_extras=False)
        return {
            alias: {
                **self._kind(hints[name], alias),
                **({"secret": True} if alias in _SECRET else {}),
                "description": meaning(shape, alias),
            }
            for name, alias in sorted(property_names(shape).items(), key=lambda each: each[0] != "name")
            if name not in without
        }

    def _kind(self, hint: Any, name: str) -> dict[str, Any]:
        if hint in _PLAIN:
            return _PLAIN[hint]
        origin, within = typing.get_origin(hint), [each for each in typing.get_args(hint) if each is not type(None)]
        if origin is list:
            return {"type": "array", "items": self._kind(within[0], _one_of(name))}
        if origin is dict:
            return {"type": "object", "additionalProperties": self._kind(within[1], name)}
        if origin is Literal:
            return self._choice(name.capitalize(), within)
        if origin is not None:
            return self._kind(within[0], name)
        if hint in _TYPES:
            return {"$ref": f"#/types/datakit:index:{hint.__name__}"}
        return {"type": "object", "additionalProperties": _ANY}

    def _choice(self, name: str, values: list[Any]) -> dict[str, Any]:
        described = {"type": "string", "description": _told()["types"].get(name, f"{name}."), "enum": []}
        token = f"datakit:index:{name}"
        self._choices[token] = {**described, "enum": [{"value": each} for each in values]}
        return {"$ref": f"#/types/{token}"}


def _one_of(names: str) -> str:
    return f"{names[:-3]}y" if names.endswith("ies") else names.removesuffix("s")


def _required(shape: type[Model]) -> list[str]:
    fields = shape.model_fields
    return [
        alias
        for name, alias in property_names(shape).items()
        if fields[name].is_required() or alias == _MADE_BY_PROGRAMS
    ]


def meaning(shape: type[BaseModel], name: str) -> str:
    """What is said of a field, where it is declared or by what inherits it."""
    return next(_meanings(shape, name))


def _meanings(shape: type[BaseModel], name: str) -> Iterator[str]:
    for each in shape.__mro__:
        for said in (_told(), _of_manifests()):
            if found := said.get(each.__name__, {}).get(name):
                yield found
    raise LookupError(f"docs/properties.toml says nothing of {shape.__name__}.{name}")


@cache
def _told() -> Mapping[str, Any]:
    return tomllib.loads((HERE / "properties.toml").read_text(encoding="utf-8"))


@cache
def _of_manifests() -> Mapping[str, Any]:
    return tomllib.loads((HERE / "fields.toml").read_text(encoding="utf-8"))
