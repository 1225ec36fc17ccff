"""The mark of ownership that every object we create carries, so that a retry adopts it and no one else's is touched."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

UNKNOWN_WRITER: Final = "-"
"""Stands for a tool that put a table in the place of ours, where no record says which."""

NO_DATASET: Final = "-"
"""The DataSet of a table that a Run of the stack made beside its outputs."""

_MARK: Final = re.compile(
    r"\n*\[datakit stack=(?P<stack>\S+) dataset=(?P<dataset>\S+) generation=(?P<generation>[0-9a-f]+)"
    r"(?: runs=(?P<runs>\S+))?\]\s*$"
)
_ATTEMPT: Final = re.compile(r"^(?P<transform>[^:]+):(?P<run>[0-9a-f]*)(?:@(?P<time>\d+))?(?P<doubt>\?)?$")


@dataclass(frozen=True, slots=True)
class Attempt:
    """The last execution of a Transform that wrote into an object.

    >>> str(Attempt("load", "1f", 17, is_verified=False)), str(Attempt("marts", "2a"))
    ('load:1f@17?', 'marts:2a')

    Attributes:
        transform: the Transform's name.
        run: hexadecimal; the same for the same definition and versions of the inputs.
        time: of its sync, in microseconds since 1970; 0 where its rows carry none.
        is_verified: whether what it wrote was verified against the contract.
    """

    transform: str
    run: str = ""
    time: int = 0
    is_verified: bool = True

    def __str__(self) -> str:
        time = f"@{self.time}" if self.time else ""
        return f"{self.transform}:{self.run}{time}{'' if self.is_verified else '?'}"


@dataclass(frozen=True, slots=True)
class Mark:
    """Whose an object is, and who wrote what is in it.

    >>> mark = Mark(stack="shop/dev", dataset="users", generation="1f", runs=(Attempt("load", "2a"),))
    >>> mark.append_to("")
    '[datakit stack=shop/dev dataset=users generation=1f runs=load:2a]'
    >>> Mark.split(mark.append_to("All users.")) == ("All users.", mark)
    True

    Attributes:
        stack: ``project/stack`` of the engine that made it.
        dataset: the DataSet's name.
        generation: hexadecimal; another one each time the object is recreated or adopted again, so that what fills it
            runs again, and that an older resource leaves it alone.
        runs: the last execution of each Transform that wrote into it.
    """

    stack: str
    dataset: str
    generation: str
    runs: tuple[Attempt, ...] = ()

    def append_to(self, description: str) -> str:
        """The description as it is written to the Store, the mark behind it."""
        runs = f" runs={','.join(map(str, self.runs))}" if self.runs else ""
        mark = f"[datakit stack={self.stack} dataset={self.dataset} generation={self.generation}{runs}]"
        return f"{description}\n\n{mark}" if description else mark

    def attempt(self, transform: str) -> Attempt | None:
        """The last execution of a Transform that wrote into the object."""
        return next((each for each in self.runs if each.transform == transform), None)

    def written_by(self, attempt: Attempt, writers: Iterable[str] | None = None) -> Mark:
        """The mark after an execution.

        Args:
            attempt: the execution.
            writers: the Transforms whose rows are left in the object; the others are forgotten. None forgets none.
        """
        others = [each for each in self.runs if each.transform != attempt.transform]
        kept = others if writers is None else [each for each in others if each.transform in {*writers}]
        return replace(self, runs=(*kept, attempt))

    @staticmethod
    def split(comment: str | None) -> tuple[str, Mark | None]:
        """Description and mark of a comment found in a Store."""
        match = _MARK.search(comment or "")
        if match is None:
            return comment or "", None
        found = match.groupdict()
        runs = tuple(attempt for text in (found["runs"] or "").split(",") if (attempt := _attempt(text)))
        return (comment or "")[: match.start()], Mark(found["stack"], found["dataset"], found["generation"], runs)


def _attempt(text: str) -> Attempt | None:
    match = _ATTEMPT.match(text)
    if match is None:
        return None
    return Attempt(match["transform"], match["run"], int(match["time"] or 0), is_verified=not match["doubt"])
