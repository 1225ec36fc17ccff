"""What is wrong with the inputs of a resource, as far as they are known."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from datakit_iac.contract.shapes import MISSING
from datakit_iac.manifest import wording
from datakit_iac.manifest.document import Model
from datakit_iac.manifest.finding import closest
from datakit_iac.manifest.project import spelled
from datakit_iac.manifest.secret import Secret

_Path = tuple[str | int, ...]
_MAY_HIDE: Final = frozenset({"secrets", "env", "versions", "references", "generations"})
"""Secrets, variables, and what the engine may take for one since it was made with a Store's."""
_QUOTED: Final = re.compile("'([^']*)'")
_LEFT_OUT: Final = "; of what an update leaves out (`--exclude`, `--target`), nothing is known before it is made once"
_GONE: Final = object()
"""In place of a value that only the update will know."""


def faults(shape: type[Model], inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each fault of the inputs: the property's path, and what is wrong there.

    What is not known yet, an output of another resource say, is no fault, nor is what depends on it.

    Args:
        shape: the model of the inputs.
        inputs: plain values; anything else among them is not known yet.
    """
    given = _Inputs(inputs)
    for path in given.secret:
        yield (
            spelled(path),
            "is a secret; those stand under `secrets` of a Store and `env` of a Transform, since all else is shown",
        )
    try:
        shape.model_validate(given.known)
    except ValidationError as invalid:
        for error in invalid.errors(include_url=False):
            if not any(path[: len(error["loc"])] == error["loc"] for path in given.unknown):
                yield spelled(error["loc"]) or str(given.known.get("name", "inputs")), _told(error, shape)


def demand(shape: type[Model], inputs: Mapping[str, Any]) -> None:
    """Refuse a program's own resource whose inputs a manifest would not take.

    Args:
        shape: the model of the inputs.
        inputs: as the program gives them.

    Raises:
        ValueError: every fault.
    """
    if found := [f"{path}: {reason}" for path, reason in faults(shape, inputs)]:
        raise ValueError("\n    ".join([f"{shape.__name__} {inputs['name']} cannot stand as it is:", *found]))


class _Inputs:
    """Inputs without what is not known in them.

    Attributes:
        unknown: the paths of what is not.
        secret: the paths of what is a secret, and should be none.
        known: all else.
    """

    def __init__(self, inputs: Mapping[str, Any]) -> None:
        self.unknown: list[_Path] = []
        self.secret: list[_Path] = []
        self.known = self._known(inputs, ())

    def _known(self, value: Any, path: _Path) -> Any:
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
            case None | bool() | int() | float() | str():
                return value
        self.unknown.append(path)
        return _GONE


def _told(error: ErrorDetails, shape: type[Model]) -> str:
    match error["type"]:
        case "missing":
            return f"{MISSING}{_LEFT_OUT}"
        case "extra_forbidden":
            name, known = str(error["loc"][-1]), [field.alias or key for key, field in shape.model_fields.items()]
            return f"there is no property {name!r}{_meant(name, known if len(error['loc']) == 1 else [])}"
        case "literal_error":
            expected = error["ctx"]["expected"]
            return f"expected {expected}{_meant(str(error['input']), _QUOTED.findall(expected))}"
        case "value_error":
            told = str(error["ctx"]["error"])
            return f"{told}{_LEFT_OUT}" if told.endswith(MISSING) else told
    return f"expected {wording.expected(error)}"


def _meant(name: str, known: Iterable[str]) -> str:
    found = closest(name.lower(), known)
    return f"; did you mean {found!r}?" if found else ""
