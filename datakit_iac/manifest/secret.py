"""Values nobody may see, and the `${VAR}` references that stand for them in manifests."""

from __future__ import annotations

import re
from typing import Annotated, Final

from datakit_iac.manifest.checked import Checked

_REFERENCE: Final = re.compile(r"^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$")
REDACTED: Final = "[secret]"


def _reference(text: str) -> str:
    if not _REFERENCE.match(text):
        raise ValueError("a secret stands only as ${VARIABLE}; its value is never written in a manifest")
    return text


SecretReference = Annotated[str, Checked(_reference)]
"""``${VARIABLE}``: the value comes from the environment of the process, as late as possible."""


def variable(reference: str) -> str:
    """The variable's name in a `SecretReference`.

    Raises:
        ValueError: the text is no reference.
    """
    if match := _REFERENCE.match(reference):
        return match.group(1)
    raise ValueError("not of the form ${VARIABLE}")


_HIDDEN: Final = re.compile(
    r"(^|[_.-])(pass(word|wd|phrase)?|pwd|secret|token|credentials?|(api|private|secret|account|access)[_.-]?key)$"
)
_HUMPS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WITH_PASSWORD: Final = re.compile(r"://[^/\s:@]*:[^/\s@]+@")


def gives_away(name: str, value: object) -> bool:
    """Whether a value that stands in a manifest is a secret, by its name or its form.

    >>> gives_away("dbPassword", "x"), gives_away("url", "postgresql://ann:x@db"), gives_away("tokenUrl", "https://x")
    (True, True, False)
    """
    if isinstance(value, str) and _WITH_PASSWORD.search(value):
        return True
    spelled = _HUMPS.sub("_", name).lower()
    is_literal = isinstance(value, (str, int)) and not isinstance(value, bool) and value != ""
    return is_literal and _HIDDEN.search(spelled) is not None


class Secret:
    """A value that shows itself only when asked by name.

    >>> Secret("hunter2")
    [secret]
    >>> f"{Secret('hunter2')}", Secret("hunter2").reveal()
    ('[secret]', 'hunter2')
    """

    __slots__ = ("_value",)

    def __init__(self, value: object) -> None:
        self._value = value

    @property
    def content(self) -> object:
        """The value in its own type, for the wire to the engine."""
        return self._value

    def reveal(self) -> str:
        """The value itself, to hand to a driver and to nothing else."""
        return str(self._value)

    def __repr__(self) -> str:
        return REDACTED

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)
