"""Walking through the folders of a dbt project as dbt does."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

GENERATED: Final = "datakit_sources"
"""Our own folder in what dbt is given."""

MADE: Final = frozenset({"target", "logs", "venv", "node_modules", "approvals", GENERATED})
"""What tools write into the project's own folder, or what describes it; names that begin with a dot count too."""


def files(root: Path, folder: str) -> tuple[Path, ...]:
    """The files of a folder, as paths below the project's; none where there is no such folder.

    Links are followed to files, and to the folder itself. What editors and systems leave (`.#x.sql`, `~x.sql`) is
    passed over, and so is what is made in the project's own folder, where that is the one.
    """
    top = os.path.normpath(folder)
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        return tuple(map(Path, _below(str(root / top), top)))
    return ()


def _below(folder: str, shown: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            path = name if shown == "." else f"{shown}/{name}"
            if entry.is_dir(follow_symlinks=False):
                is_made = shown == "." and (name in MADE or name.startswith("."))
                if name not in ("__pycache__", ".git") and not is_made:
                    yield from _below(entry.path, path)
            elif name[0] not in ".#~" and entry.is_file():
                yield path
