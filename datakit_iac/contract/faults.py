"""What is wrong with the inputs of a resource, as far as they are known."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from datakit_iac.contract.decoding import model_of
from datakit_iac.contract.shapes import MISSING
from datakit_iac.findings.fault import Fault
from datakit_iac.findings.nearest import closest
from datakit_iac.manifest import wording
from datakit_iac.manifest.models.document import Model
from datakit_iac.manifest.values.secret import Secret

Path = tuple[str | int, ...]
_MAY_HIDE: Final = frozenset({"secrets", "env", "versions", "references", "generations"})
"""Secrets, variables, and what the engine may take for one since it was made with a Store's."""
_QUOTED: Final = re.compile("'([^']*)'")
_LEFT_OUT: Final = "; of what an update leaves out (`--exclude`, `--target`), nothing is known before it is made once"
_IN_CLEAR: Final = "is a secret; those are under `secrets` of a Store and `env` of a Transform, since all else is shown"
_EXPECTED: Final = "expected text, a number, true or false, a list or a mapping"
_OF_A_KEY: Final = "[key]"
"""What pydantic adds to the path of a mapping's key, as against its value."""
_GONE: Final = object()
"""In place of a value that only the update will know."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """A value that no manifest could say, e.g. a resource where text is expected.

    Attributes:
        kind: what it is, with its article.
    """

    kind: str


def check(
    shape: type[Model], inputs: Mapping[str, Any], *, in_python: bool = False
) -> tuple[list[Fault], Model | None]:
    """Check inputs as far as they are known; the faults, and the inputs unless one is wrong or not known yet.

    What is not known yet, an output of another resource say, is not a fault, nor is what depends on it.

    Args:
        shape: the model of the inputs.
        inputs: plain values, and parts of manifests; anything else among them is not known yet.
        in_python: whether names that are offered are those of Python, not of manifests.
    """
    given = _Inputs(inputs)
    found = [Fault("literal-secret", path, _IN_CLEAR) for path in given.secret]
    try:
        model = shape.model_validate(given.known)
    except ValidationError as invalid:
        model = None
        for error in invalid.errors(include_url=False):
            path = tuple(step for step in error["loc"] if step != _OF_A_KEY)
            if not any(unknown[: len(path)] == path for unknown in given.unknown):
                found.append(_fault(path, error, shape, in_python))
    reported = {fault.path for fault in found}
    found += [
        Fault("invalid-value", path, f"{_EXPECTED}; found {strange.kind}")
        for path, strange in given.foreign
        if path not in reported
    ]
    return found, None if found or given.unknown else model


def faults(shape: type[Model], inputs: Mapping[str, Any]) -> list[Fault]:
    """The faults of the inputs that the engine sends.

    Args:
        shape: the model of the inputs.
        inputs: plain values; anything else among them is not known yet.
    """
    # What the engine leaves out may be an output of a resource that it leaves out; a program knows better.
    return [
        fault._replace(
            path=fault.path or (str(inputs.get("name", "inputs")),),
            message=fault.message + (_LEFT_OUT if fault.message.endswith(MISSING) else ""),
        )
        for fault in check(shape, inputs)[0]
    ]


class _Inputs:
    """Inputs without what is not known in them.

    Attributes:
        unknown: the paths of what is not.
        secret: the paths of what is a secret, and should be none.
        foreign: what is of no kind that there is, with its path.
        known: all else.
    """

    def __init__(self, inputs: Mapping[str, Any]) -> None:
        self.unknown: list[Path] = []
        self.secret: list[Path] = []
        self.foreign: list[tuple[Path, Foreign]] = []
        self.known = self._known(inputs, ())

    def _known(self, value: Any, path: Path) -> Any:
        match value:
            case Secret():
                self.secret += [path] if not any(step in _MAY_HIDE for step in path) else []
                return self._known(value.content, path)
            case Mapping():
                parts = {key: self._known(each, (*path, key)) for key, each in value.items() if each is not None}
                return {key: each for key, each in parts.items() if each is not _GONE}
            case list() | tuple():
                items = [self._known(each, (*path, index)) for index, each in enumerate(value)]
                if not any(each is _GONE for each in items):
                    return items
            case Foreign():
                self.foreign.append((path, value))
                return value
            case None | bool() | int() | float() | str() | Model():
                return value
        self.unknown.append(path)
        return _GONE


def model_within(annotation: Any) -> type[Model] | None:
    """The part of manifests that a field holds: itself, or in a list, or as one of several kinds of value."""
    return model_of(annotation) or next(filter(None, map(model_within, typing.get_args(annotation))), None)


def names_of(shape: type[Model]) -> dict[str, str]:
    """The name that each field of a part has in manifests, by its name in Python."""
    return {key: field.alias or key for key, field in shape.model_fields.items()}


def _fault(path: Path, error: ErrorDetails, shape: type[Model], in_python: bool) -> Fault:
    match error["type"]:
        case "missing":
            return Fault("missing-field", path, MISSING)
        case "extra_forbidden":
            *above, name = error["loc"]
            part = _part(shape, above)
            names = names_of(part) if part else {}
            meant = _meant(str(name), names if in_python else names.values())
            return Fault("unknown-field", path, f"unknown property {str(name)!r}", meant)
        case "literal_error":
            expected = error["ctx"]["expected"]
            meant = _meant(str(error["input"]), _QUOTED.findall(expected))
            return Fault("invalid-value", path, f"expected {expected}{_found(error)}", meant)
        case "value_error":
            fault = error["ctx"]["error"]
            hint = getattr(fault, "hint", "")
            return Fault("invalid-value", path, str(fault), hint if hint.startswith("did you mean") else "")
    return Fault("invalid-value", path, f"expected {wording.expected(error)}{_found(error)}")


def _part(shape: type[Model] | None, path: Iterable[str | int]) -> type[Model] | None:
    """The part of manifests at a path; None where there is none."""
    for step in path:
        if shape is not None and not isinstance(step, int):
            fields = [field for key, field in shape.model_fields.items() if step in (key, field.alias)]
            shape = model_within(fields[0].annotation) if fields else None
    return shape


def _found(error: ErrorDetails) -> str:
    return f"; found {error['input'].kind}" if isinstance(error["input"], Foreign) else ""


def _meant(name: str, known: Iterable[str]) -> str:
    found = closest(name.lower(), known)
    return f"did you mean {found!r}?" if found else ""
