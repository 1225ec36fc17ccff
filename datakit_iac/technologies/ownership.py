"""The mark of ownership that every object we create carries, so that a retry adopts it and nobody else's is touched."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_MARK: Final = re.compile(
    r"\n*\[datakit stack=(?P<stack>\S+) dataset=(?P<dataset>\S+) generation=(?P<generation>[0-9a-f]+)\]\s*$"
)


@dataclass(frozen=True, slots=True)
class Mark:
    """Whose an object is.

    >>> mark = Mark(stack="shop/dev", dataset="users", generation="1f")
    >>> Mark.split(mark.append_to("All users."))
    ('All users.', Mark(stack='shop/dev', dataset='users', generation='1f'))

    Attributes:
        stack: ``project/stack`` of the engine that made it.
        dataset: the DataSet's name.
        generation: hexadecimal; another one each time the object is made anew, so that what fills it runs again.
    """

    stack: str
    dataset: str
    generation: str

    def append_to(self, description: str) -> str:
        """The description as it is written to the Store, the mark behind it."""
        mark = f"[datakit stack={self.stack} dataset={self.dataset} generation={self.generation}]"
        return f"{description}\n\n{mark}" if description else mark

    @staticmethod
    def split(comment: str | None) -> tuple[str, Mark | None]:
        """Description and mark of a comment found in a Store."""
        match = _MARK.search(comment or "")
        if match is None:
            return comment or "", None
        return (comment or "")[: match.start()], Mark(**match.groupdict())
