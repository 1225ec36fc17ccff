"""What dbt keeps of its last parsing, and whether it may be believed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from datakit_iac.runtimes.dbt import given

_KEPT: Final = "partial_parse.msgpack"
"""dbt's name for it (https://docs.getdbt.com/reference/parsing): it holds the text of every model."""


class Parsed:
    """The digests of what this process saw dbt keep.

    A cache lies on the disk between updates, and may have come with a checkout: where the files of a project are
    approved, dbt must not build from another text that a cache says is theirs.
    """

    def __init__(self) -> None:
        self._seen: dict[Path, str] = {}

    def remember(self, target: Path) -> None:
        """Take note of what dbt has just kept in a target folder."""
        if (target / _KEPT).is_file():
            self._seen[target] = given.content(target / _KEPT)

    def demand_ours(self, target: Path) -> None:
        """Remove what is kept there unless it is what was seen; dbt then parses everything anew."""
        kept = target / _KEPT
        if kept.is_symlink() or (kept.is_file() and given.content(kept) != self._seen.get(target)):
            kept.unlink()
