"""One spelling for each file and folder, so that a Store is the same Store however its path is written."""

from __future__ import annotations

import os
from pathlib import Path


def canonical(path: str | os.PathLike[str]) -> str:
    """The path without links, ``.``, ``..`` and ``~``, in the case that the file system keeps.

    Below the working directory, which is the Pulumi project's, it is relative, so that a checkout can be moved;
    elsewhere it is absolute. What does not exist yet is spelled as it is written. Hard links are not seen through.

    >>> canonical("data/../data/./shop.duckdb")
    'data/shop.duckdb'
    """
    real = _in_kept_case(Path(os.path.realpath(Path(path).expanduser())))
    here = _in_kept_case(Path(os.path.realpath(Path.cwd())))
    return (real.relative_to(here) if real.is_relative_to(here) else real).as_posix()


def _in_kept_case(path: Path) -> Path:
    """The path as the names of its folders are kept, where the file system does not tell upper from lower case."""
    kept = Path(path.anchor)
    for part in path.parts[1:]:
        kept /= _kept_name(kept, part)
    return kept


def _kept_name(folder: Path, name: str) -> str:
    other = name.swapcase()
    if other == name or not _is_same(folder / name, folder / other):
        return name
    with os.scandir(folder) as entries:
        return next((each.name for each in entries if each.name.casefold() == name.casefold()), name)


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
