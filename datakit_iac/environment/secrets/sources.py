"""Where the values of ``${VARIABLE}`` come from: several sources, asked in a fixed order and as late as possible."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class SourceError(LookupError):
    """A source of secrets is there and must not, or cannot, be used; the text says why, and `hint` what to do."""

    def __init__(self, message: str, hint: str) -> None:
        self.hint = hint
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Source:
    """One place where a variable may be set.

    Attributes:
        where: the place, for people.
        find: the value of a variable, or None; asked only when the value is needed. May raise `SourceError`.
        remedy: what sets a variable there, with ``{}`` for its name; empty where that is better not said.
    """

    where: str
    find: Callable[[str], Any | None]
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Secrets:
    """Sources, the first of them that knows a variable giving its value.

    >>> secrets = Secrets((of_process({"TOKEN": "a"}), Source("a vault", {"TOKEN": "b", "KEY": "c"}.get)))
    >>> secrets.find("TOKEN"), secrets.find("KEY"), secrets.find("NONE")
    ('a', 'c', None)
    >>> secrets.looked_in
    "the process's environment, then a vault"
    """

    sources: Sequence[Source]

    def find(self, variable: str) -> Any:
        """The value of a variable: text, or whatever a source keeps text in; None where no source knows it.

        Raises:
            SourceError: a source that had to be asked cannot be used.
        """
        return next((value for each in self.sources if (value := each.find(variable)) is not None), None)

    @property
    def looked_in(self) -> str:
        """The places, in the order in which they are looked up."""
        return ", then ".join(each.where for each in self.sources)

    def remedy(self, variable: str) -> str:
        """What would set a variable."""
        return ", or ".join(each.remedy.format(variable) for each in self.sources if each.remedy)


def of_process(variables: Mapping[str, str]) -> Source:
    """The environment of the process."""
    return Source("the process's environment", variables.get, "export {}=…")


def sources_of(variables: Mapping[str, str] | Secrets) -> Secrets:
    """Secrets as they are, or those of a process's environment alone."""
    return variables if isinstance(variables, Secrets) else Secrets((of_process(variables),))
