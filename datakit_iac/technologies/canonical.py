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
    real = _in_kept_case(os.path.realpath(os.path.expanduser(path)))
    here = _in_kept_case(os.path.realpath(os.curdir))
    inside = real == here or real.startswith(here.rstrip(os.sep) + os.sep)
    return Path(os.path.relpath(real, here) if inside else real).as_posix()


def _in_kept_case(path: str) -> str:
    """The path as the names of its folders are kept, where the file system does not tell upper from lower case."""
    root, *names = Path(path).parts
    kept = root
    for name in names:
        kept = os.path.join(kept, _kept_name(kept, name))
    return kept


def _kept_name(folder: str, name: str) -> str:
    other = name.swapcase()
    if other == name or not _is_same(os.path.join(folder, other), os.path.join(folder, name)):
        return name
    with os.scandir(folder) as entries:
        return next((each.name for each in entries if each.name.casefold() == name.casefold()), name)


def _is_same(other: str, one: str) -> bool:
    try:
        return os.path.samestat(os.stat(other), os.stat(one))
    except OSError:
        return False
