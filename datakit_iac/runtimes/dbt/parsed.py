"""Dbt's cache of its last parsing, and whether it may be trusted."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from datakit_iac.runtimes.dbt.project import given

_KEPT: Final = "partial_parse.msgpack"
"""dbt's name for it (https://docs.getdbt.com/reference/parsing): it holds the text of every model."""


class Parsed:
    """The digests of what this process saw dbt keep.

    A cache is on the disk between updates, and may have come with a checkout: where the files of a project are
    approved, dbt must not build from another text that a cache says is theirs.
    """

    def __init__(self) -> None:
        self._seen: dict[Path, str] = {}

    @contextlib.contextmanager
    def ours(self, target: Path) -> Iterator[None]:
        """Let a build use what is kept in a target folder where that was seen, and take note of what it keeps there.

        What was not seen is removed; dbt then parses everything again.
        """
        kept = target / _KEPT
        if kept.is_symlink() or (kept.is_file() and given.content(kept) != self._seen.get(target)):
            kept.unlink()
        try:
            yield
        finally:
            if kept.is_file():
                self._seen[target] = given.content(kept)
