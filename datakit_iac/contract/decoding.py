"""Properties of a resource in their shape: what a state says is taken as it is, whatever the rules are by now."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Final, TypeVar, cast

from pydantic import TypeAdapter

from datakit_iac.manifest.models.document import Model
from datakit_iac.manifest.values.secret import Secret

M = TypeVar("M", bound=Model)
_MAY_BE_SECRET: Final = frozenset({"secrets", "env"})
_UNKNOWN: Final = object()


def decode(shape: type[M], properties: Mapping[str, Any]) -> M:
    """Properties in their shape; a field of which something is not known yet is left out, and what is null.

    Rules between fields, and those on the text of one, are `faults.judged`'s: a rule that is new must not keep anybody
    from deleting what was right before.

    Args:
        shape: the model of the properties.
        properties: plain values, secrets among them.

    Raises:
        pydantic.ValidationError: a value is of another kind altogether.
    """
    values: dict[str, Any] = {}
    for name, field in shape.model_fields.items():
        key, part = field.alias or name, model_of(field.annotation)
        given = properties.get(key)
        if part and isinstance(given, Mapping):
            values[name] = decode(part, given)
        elif (value := _known(given, key in _MAY_BE_SECRET)) is not None and value is not _UNKNOWN:
            values[name] = _adapter(shape, name).validate_python(value, strict=False)
    return cast("M", shape.model_construct(**values))


def model_of(annotation: Any) -> type[Model] | None:
    """The part of manifests that a field is; None for any other field."""
    return annotation if isinstance(annotation, type) and issubclass(annotation, Model) else None


@functools.cache
def _adapter(shape: type[Model], name: str) -> TypeAdapter[Any]:
    """What tells whether a value is of a field's kind, without the constraints on the field itself."""
    annotation: Any = shape.model_fields[name].annotation
    return TypeAdapter(annotation)


def _known(value: Any, may_be_secret: bool) -> Any:
    """A value of which all is known; a secret only where one may be, each value of a map by itself."""
    match value:
        case Secret():
            content = _known(value.content, may_be_secret)
            if not may_be_secret or content is _UNKNOWN:
                return content
            return {k: Secret(each) for k, each in content.items()} if isinstance(content, Mapping) else Secret(content)
        case Mapping():
            parts = {key: _known(each, may_be_secret or key in _MAY_BE_SECRET) for key, each in value.items()}
            known = {key: each for key, each in parts.items() if each is not None}
            return _UNKNOWN if any(each is _UNKNOWN for each in known.values()) else known
        case list() | tuple():
            items = [_known(each, may_be_secret) for each in value]
            return _UNKNOWN if any(each is _UNKNOWN for each in items) else items
        case None | bool() | int() | float() | str() | Model():
            return value
    return _UNKNOWN
