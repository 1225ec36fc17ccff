"""The caches of dbt projects: locked while in use, removed after a while without use."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

KEPT: Final = 30 * 24 * 3600
"""Seconds for which a cache stays without being used: then packages are fetched and the project is parsed again."""

_LOCK: Final = ".lock"


@contextmanager
def held(root: Path, home: Path, target: Path) -> Iterator[None]:
    """Hold the caches below a folder while a build uses some of them.

    Nothing is removed while any build, of whatever process, holds caches of the same folder.

    Args:
        root: the folder of all caches.
        home: the cache of the project that is built.
        target: dbt's target folder in it.
    """
    root.mkdir(parents=True, exist_ok=True)
    with (root / _LOCK).open("a", encoding="utf-8") as lock:
        _use(home, target)
        if _is_alone(lock):
            _remove_unused(root)
        fcntl.flock(lock, fcntl.LOCK_SH)
        try:
            _use(home, target)
            yield
        finally:
            _use(home, target)


def _use(*folders: Path) -> None:
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)


def _is_alone(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _remove_unused(root: Path) -> None:
    before = time.time() - KEPT
    homes = [home for home in root.iterdir() if home.is_dir()]
    parts = [folder for home in homes for kind in ("target-*", "packages-*") for folder in home.glob(kind)]
    for folder in (*homes, *parts):
        if folder.is_dir() and folder.stat().st_mtime < before:
            shutil.rmtree(folder, ignore_errors=True)
