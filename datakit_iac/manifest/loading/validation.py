"""What pydantic finds wrong with a document, as findings: in the words of manifests, one for each place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from datakit_iac.findings.finding import Finding, Severity
from datakit_iac.findings.location import Step, spelled
from datakit_iac.findings.nearest import closest, nearest
from datakit_iac.findings.origin import Origin
from datakit_iac.findings.sensitive import NOT_SHOWN, SECTIONS, is_kept_secret, plain_key
from datakit_iac.manifest import wording
from datakit_iac.manifest.models.document import Manifest

_STRICT_KINDS: Final = ("Environment", "Policy")
"""Kinds in which a typo would be a permission that was not given."""

_SECTIONS_THAT_DECIDE: Final = ("trigger", "inputs", "outputs")
_FIELDS_THAT_DECIDE: Final = ("mode", "timeout", "policy", "policies", "schedule", "cron", "timezone", "suspend")
"""Fields of a Transform that say whether, when, how long and on what it runs: left out, what was to wait would run.

So do the sections of runtimes.
"""


_LEFTOVERS: Final = frozenset(("spec", name) for name in ("schedule", "owner", "config", "version", "tags"))
"""What older templates wrote into every Transform, and nothing ever read."""


def without_unknown_fields(
    origin: Origin, model: type[Manifest], document: Mapping[str, Any], invalid: ValidationError
) -> tuple[Manifest | None, list[Finding]]:
    """A document read without the fields that are not known, and a finding for each; None where it is wrong still.

    They are warnings. In an Environment, a Policy and a consent they are errors, and so they are in a Transform where
    they are in, or are slips for, what decides that it runs: `lint` and `validate` only warn of these too, and
    nothing is planned or applied until they are fixed.
    """
    found: list[Finding] = []
    rest, errors = document, invalid.errors()
    while unknown := {real_path(error, rest): error for error in errors if _may_be_left_out(error, rest)}:
        for path, error in unknown.items():
            severity: Severity = "error" if _is_permission(model, path) else "warning"
            found.append(_unknown_field(origin, model, path, error["loc"], severity=severity))
            rest = _without(rest, path)
        try:
            return model.model_validate(rest), found
        except ValidationError as still:
            errors = still.errors()
    return None, [*found, *faults(origin, model, rest, errors)]


def _may_be_left_out(error: ErrorDetails, document: Any) -> bool:
    # A shorthand is a field only once it is read: then there is nothing that could be left out.
    return error["type"] == "extra_forbidden" and real_path(error, document)[-1:] == error["loc"][-1:]


def _is_permission(model: type[Manifest], path: Sequence[Step]) -> bool:
    """Whether leaving the field out may permit what is not permitted."""
    return (
        model.__name__ in _STRICT_KINDS
        or "consents" in path
        or (model.__name__ == "Transform" and _decides(path, _fields(model, path[:-1])))
    )


def _decides(path: Sequence[Step], known: Sequence[str]) -> bool:
    """Whether an unknown field of a Transform may be meant for one that decides that it runs."""
    if tuple(path) in _LEFTOVERS:
        return False
    from datakit_iac.manifest.models.section import sections

    deciding = (*_SECTIONS_THAT_DECIDE, *sections())
    is_within = any(section in path[1:-1] for section in deciding)
    fields = (*deciding, *_FIELDS_THAT_DECIDE)
    return is_within or closest(str(path[-1]).lower(), {*known, *fields}) in fields


def _without(node: Any, path: Sequence[Step]) -> Any:
    """A copy of a value without the field at a path."""
    step, *rest = path
    items: Any = dict(node) if isinstance(node, Mapping) else list(node)
    if rest:
        items[step] = _without(node[step], rest)
    else:
        del items[step]
    return items


def _unknown_field(
    origin: Origin,
    model: type[Manifest],
    path: Sequence[Step],
    location: Sequence[Step],
    *,
    severity: Severity = "error",
) -> Finding:
    *parents, name = location
    known = _fields(model, parents)
    hint = nearest(str(name), known) if known else "take it out"
    shown = name if SECTIONS.isdisjoint(path) else plain_key(str(name))
    message = f"unknown field {shown!r}" + ("; it is left out" if severity == "warning" else "")
    return origin.finding("unknown-field", message, path, hint=hint, severity=severity)


def faults(
    origin: Origin, model: type[Manifest], document: Mapping[str, Any], errors: Sequence[ErrorDetails]
) -> Iterator[Finding]:
    """One finding for each place; where several types were possible, their expectations together."""
    places: dict[tuple[Step, ...], list[ErrorDetails]] = {}
    for error in errors:
        path = real_path(error, document)
        places.setdefault(path if error["type"] != "extra_forbidden" else (*path, error["loc"][-1]), []).append(error)
    wholes = {key[:length] for key in places for length in range(len(key))}
    for key, found in places.items():
        # A value that is a mapping failed as a mapping inside; that it is not text either says nothing.
        if key in wholes and all(error["type"] in _OTHER_TYPE for error in found):
            continue
        path = real_path(found[0], document)
        yield _fault(origin, model, path, found, _is_secret(path, found[0], document))


_OTHER_TYPE: Final = ("literal_error", "string_type", "int_type", "bool_type")


def _is_secret(path: tuple[Step, ...], error: ErrorDetails, document: Any) -> bool:
    """Whether what was found may be a secret; the value of a variable has the name that is beside it."""
    if path[-1:] == ("value",):
        for step in path[:-1]:
            document = document[step]
        path = (*path, str(document.get("name", "")))
    return is_kept_secret(path, error["input"])


def _fault(
    origin: Origin, model: type[Manifest], path: tuple[Step, ...], errors: Sequence[ErrorDetails], is_secret: bool
) -> Finding:
    error = errors[0]
    hint = _hint(errors) or f"`dk schema {model.__name__}` lists the fields that are valid here"
    match error["type"]:
        case "extra_forbidden":
            return _unknown_field(origin, model, path, error["loc"])
        case "missing":
            message = f"{spelled(path)} is required"
            return origin.finding("missing-field", message, path, hint=f"add `{path[-1]}: …`")
        case "value_error":
            fault = error["ctx"]["error"]
            said = str(fault)
            if is_secret:
                from datakit_iac.manifest.redaction import Redaction, secrets_in

                said = Redaction([str(error["input"]), *secrets_in(error["input"])])(said)
            return origin.finding("invalid-value", said, path, hint=getattr(fault, "hint", "") or hint)
        case _:
            expected = " or ".join(dict.fromkeys(map(wording.expected, errors)))
            return origin.finding(
                "invalid-value",
                f"found {NOT_SHOWN if is_secret else wording.found(error['input'])}; expected {expected}",
                path,
                hint=hint,
            )


def _hint(errors: Sequence[ErrorDetails]) -> str:
    for error in errors:
        value = error["input"]
        if error["type"] == "literal_error" and isinstance(value, str):
            known = re.findall(r"'([^']*)'", error["ctx"]["expected"])
            return nearest(value, known) if len(known) > 1 else ""
        if error["type"] in ("string_type", "invalid_key") and isinstance(value, (int, float, date)):
            return "put it in quotes"
    return ""


def real_path(error: ErrorDetails, document: Any) -> tuple[Step, ...]:
    """The steps of an error's location that are the document's own, not names of union members or validators.

    A field that is missing is the one last step that the document does not have.
    """
    path: list[Step] = []
    node = document
    for index, step in enumerate(error["loc"]):
        if isinstance(node, Mapping) and step in node:
            path.append(str(step))
            node = node[step]
        elif isinstance(node, list) and isinstance(step, int) and step < len(node):
            path.append(step)
            node = node[step]
        elif error["type"] == "missing" and index == len(error["loc"]) - 1:
            path.append(step)
    return tuple(path)


def _fields(model: type[Manifest], path: Sequence[Step]) -> list[str]:
    """The names that a mapping at `path` may have, where a model says so."""
    current: Any = model.whole()
    for step in path:
        if isinstance(step, int):
            continue
        found = next((field for name, field in current.model_fields.items() if step in (name, field.alias)), None)
        current = next((each for each in _models(found.annotation)), None) if found else None
        if current is None:
            return []
    return [field.alias or name for name, field in current.model_fields.items()]


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _models(argument)
