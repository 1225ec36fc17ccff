"""The command line of the engine that runs this process, since the engine itself does not tell it."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_GENERATIONS: Final = 4
"""So far above a program is its engine: a language host is between them, which may have a wrapper."""


@dataclass(frozen=True, slots=True)
class CommandLine:
    """What the engine was started with.

    Attributes:
        words: the words after its name; none where its process cannot be seen.
        folder: its working directory.
    """

    words: tuple[str, ...]
    folder: Path


def of_engine() -> CommandLine:
    """That of the engine above this process, on systems with /proc."""
    with suppress(OSError, ValueError):
        process = os.getppid()
        for _ in range(_GENERATIONS):
            folder = Path("/proc", str(process))
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
            if Path(words[0]).name == "pulumi":
                return CommandLine(tuple(words[1:]), (folder / "cwd").readlink())
            process = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    return CommandLine((), Path.cwd())
