"""Where something is: a field's path, and the line and column of it in its file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Protocol

from datakit_iac.findings.sensitive import SECTIONS, plain_key

Step = str | int
"""One step of a field's path: a key, or an index."""


def shown(file: Path) -> str:
    """A file as people know it: relative to the working directory if it is below that."""
    return str(file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file)


def spelled(path: Sequence[Step]) -> str:
    """A field's path, e.g. ``spec.schema[2].type``."""
    if not SECTIONS.isdisjoint(path):
        path = [plain_key(step) if isinstance(step, str) else step for step in path]
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


class Location(Protocol):
    """A place in a file."""

    @property
    def file(self) -> str:
        """Relative to the working directory if it is below that; empty if there is none."""

    @property
    def line(self) -> int:
        """From 1; 0 if it is not known."""

    @property
    def column(self) -> int:
        """From 1; 0 if it is not known."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place that is known; without a line, a whole file; without a file, none."""

    file: str = ""
    line: int = 0
    column: int = 0


NOWHERE: Final = Position()


def where(location: Location) -> str:
    """``file:line:column``, or as much of it as is known."""
    return f"{location.file}:{location.line}:{location.column}" if location.line else location.file


@dataclass(frozen=True)
class FieldPosition:
    """A field of a document. Its file is read again for the line and column, once, when somebody asks for them.

    Attributes:
        path: the file.
        document: which document of the file, from 0.
        steps: keys and indexes from the document's root.
        is_key: whether the key is meant, and not the value.
    """

    path: str
    document: int
    steps: tuple[Step, ...]
    is_key: bool = False

    @property
    def file(self) -> str:
        """The file as people know it."""
        return shown(Path(self.path))

    @property
    def line(self) -> int:
        """From 1; 0 if the file is gone or no YAML any more."""
        return self._found[0]

    @property
    def column(self) -> int:
        """From 1; 0 if the file is gone or no YAML any more."""
        return self._found[1]

    @cached_property
    def _found(self) -> tuple[int, int]:
        from datakit_iac.findings.positions import position  # late: most projects are right

        try:
            text = Path(self.path).read_text(encoding="utf-8")
            return position(text, self.document, self.steps, of_key=self.is_key)
        except (OSError, ValueError):
            return 0, 0
