"""A file that becomes one node of dbt's graph, and what its text refers to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SUFFIXES: Final = {
    "model": (".sql", ".py"),
    "seed": (".csv",),
    "snapshot": (".sql",),
    "test": (".sql",),
}

_REF: Final = re.compile(r"""\bref\s*\(\s*(?:['"][^'"]*['"]\s*,\s*)?['"]([^'"]+)['"]""")
_SOURCE: Final = re.compile(r"""\bsource\s*\(\s*['"]([^'"]+)['"]\s*,\s*['"]([^'"]+)['"]""")


@dataclass(frozen=True, slots=True)
class Node:
    """A file that becomes one node of dbt's graph.

    Attributes:
        kind: ``model``, ``seed``, ``snapshot`` or ``test`` (a singular one).
        file: the file, below the project's folder.
        fqn: dbt's fully qualified name: project, folders, name.
    """

    kind: str
    file: Path
    fqn: tuple[str, ...]

    @property
    def name(self) -> str:
        """The node's own name."""
        return self.fqn[-1]


def fqn(kind: str, file: Path) -> tuple[str, ...]:
    """What of a file's path is in the name of its node: of a snapshot the file's own name, too."""
    return (*file.parts[:-1], file.stem) if kind == "snapshot" else file.parts[:-1]


def refs_in(text: str) -> set[str]:
    """The models that a text refers to as ``ref('…')``."""
    return set(_REF.findall(text))


def sources_in(text: str) -> set[tuple[str, str]]:
    """The sources, with their tables, that a text refers to as ``source('…', '…')``."""
    return set(_SOURCE.findall(text))
