"""The fields that expressions may name, as message types: CEL's own checker then finds those that there are not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Final, get_args, get_type_hints

from datakit_iac.findings.nearest import nearest
from datakit_iac.policy.model import (
    ConnectorFacts,
    DataSetFacts,
    EnvironmentFacts,
    Scope,
    StoreFacts,
    TransformFacts,
)

_FACTS: Final[dict[str, type]] = {
    "connector": ConnectorFacts,
    "store": StoreFacts,
    "dataset": DataSetFacts,
    "transform": TransformFacts,
    "environment": EnvironmentFacts,
}
_SPELLED: Final = {"sources": "from"}
"""Where CEL says what manifests say."""
_UNDEFINED: Final = re.compile(r"(\d+:\d+): undefined field '(\w+)' not found in struct 'facts\.(\w+)'")


@cache
def spelled(field: str) -> str:
    """The name of a field of facts in expressions."""
    first, *others = _SPELLED.get(field, field).split("_")
    return first + "".join(word.capitalize() for word in others)


def undefined(text: str, scope: Scope) -> Iterator[str]:
    """The findings on each field in an expression over `scope` that its subject does not have.

    Only fields are looked at: of values the types are not said, so that they mean what they mean when it is evaluated.
    """
    language, known = _language(scope)
    try:
        language.compile(text)
    except RuntimeError as fault:
        for place, name, owner in _UNDEFINED.findall(str(fault)):
            yield f"{place}: {owner} has no field {name!r}; {nearest(name, known[owner])}"


@cache
def _language(scope: Scope) -> tuple[Any, dict[str, list[str]]]:
    from cel_expr_python import cel
    from google.protobuf import descriptor_pb2, descriptor_pool, struct_pb2

    pool, file = descriptor_pool.DescriptorPool(), descriptor_pb2.FileDescriptorProto(name="facts.proto")
    pool.AddSerializedFile(struct_pb2.DESCRIPTOR.serialized_pb)
    file.package, file.syntax = "facts", "proto3"
    file.dependency.append(struct_pb2.DESCRIPTOR.name)
    messages = _messages()
    for name, parts in messages.items():
        message = file.message_type.add(name=name)
        for number, (field, (part, is_list)) in enumerate(parts.items(), 1):
            kind = descriptor_pb2.FieldDescriptorProto
            label = kind.LABEL_REPEATED if is_list else kind.LABEL_OPTIONAL
            of = f".facts.{part}" if part else ".google.protobuf.Value"  # which is any value
            message.field.add(name=field, number=number, label=label, type=kind.TYPE_MESSAGE, type_name=of)
    pool.Add(file)
    variables = {name: cel.Type(f"facts.{name}") for name in (scope, "environment")}
    known = {name: list(parts) for name, parts in messages.items()}
    return cel.NewEnv(descriptor_pool=pool, variables=variables), known


def _messages() -> dict[str, dict[str, tuple[str, bool]]]:
    """The fields of each kind of subject, and of its parts: the part that a field is, or is a list of, if it is one."""
    found = {"project": {f"{name}s": (name, True) for name in _FACTS if name != "environment"}}
    pending = dict(_FACTS)
    while pending:
        name, facts = pending.popitem()
        found[name] = {}
        for field, hint in get_type_hints(facts).items():
            if field not in {each.name for each in fields(facts)}:
                continue
            part = next((each for each in (hint, *get_args(hint)) if is_dataclass(each)), None)
            found[name][spelled(field)] = (_part(part) if part else "", bool(part) and part is not hint)
            if isinstance(part, type) and _part(part) not in found:
                pending[_part(part)] = part
    return found


def _part(facts: Any) -> str:
    return str(facts.__name__).removesuffix("Facts").lower()
