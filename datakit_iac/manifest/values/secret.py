"""Secret values, their `${VAR}` references in manifests, and how a secret is recognised."""

from __future__ import annotations

import re
from typing import Final

from datakit_iac.findings.sensitive import NOT_SHOWN, REDACTED, hidden, is_secret_name
from datakit_iac.manifest.values import deferred

IN_TEXT: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
"""A reference within a text; its group is the variable's name."""
_REFERENCE: Final = re.compile(f"^{IN_TEXT.pattern}$")


def reference(text: str) -> str:
    """The text itself.

    Raises:
        ValueError: it is not a reference.
    """
    if deferred.whole(text):
        if wrong := deferred.fault(text):
            raise ValueError(wrong)
    elif not _REFERENCE.match(text):
        raise ValueError("a secret is written as ${VARIABLE}, never as its value")
    return text


def variable(reference: str) -> str:
    """The variable's name in a reference.

    Raises:
        ValueError: the text is not a reference.
    """
    if match := _REFERENCE.match(reference):
        return match.group(1)
    raise ValueError("not of the form ${VARIABLE}")


def quoted(name: str, value: object) -> str:
    """What was found, as a message shows it.

    >>> quoted("port", "x"), quoted("auth", {"token": "x"}), quoted("password", {"a": "x"})
    ("'x'", 'a mapping', 'a value that is not shown')
    """
    from datakit_iac.manifest.wording import found  # late: most manifests are right

    return NOT_SHOWN if is_secret_name(name) else found(hidden(value, name))


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


def revealed(value: str | Secret) -> str:
    """A text that may be secret, to hand to a process and to nothing else."""
    return value.reveal() if isinstance(value, Secret) else value
