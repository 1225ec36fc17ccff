"""Folders that are made once and kept: by one process at a time, whole or not at all, used by any number."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

KEPT: Final = 30 * 24 * 3600
"""Seconds for which a folder stays without being used."""

_WHOLE: Final = ".whole"
"""The file in a folder that says that it is complete; when it was last used is its time."""

_POLL: Final = 0.1


@contextmanager
def kept(root: Path, key: str, make: Callable[[Path], None], mind: Callable[[], None]) -> Iterator[Path]:
    """The folder of a key, made now where it is not there, and held while it is used.

    The kernel lets go of a lock when its process ends, so what a process that was killed left is made again.

    Args:
        root: where all folders of this kind are.
        key: what the folder is known by.
        make: fills the folder, which is not there yet; what it raises comes through.
        mind: called while another process makes it; raises where the user wants to stop.
    """
    root.mkdir(parents=True, exist_ok=True)
    folder = root / key
    with (root / f"{key}.lock").open("a", encoding="utf-8") as lock:
        _hold(lock, fcntl.LOCK_SH, mind)
        while not (folder / _WHOLE).is_file():
            fcntl.flock(lock, fcntl.LOCK_UN)
            _hold(lock, fcntl.LOCK_EX, mind)
            if not (folder / _WHOLE).is_file():
                shutil.rmtree(folder, ignore_errors=True)
                make(folder)
                (folder / _WHOLE).touch()
            _hold(lock, fcntl.LOCK_SH, mind)  # not in one step: another may have removed it meanwhile
        os.utime(folder / _WHOLE)
        _remove_unused(root, folder)
        yield folder


def _hold(lock: IO[str], kind: int, mind: Callable[[], None]) -> None:
    while True:
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            mind()
            time.sleep(_POLL)


def _remove_unused(root: Path, used: Path) -> None:
    before = time.time() - KEPT
    for whole in root.glob(f"*/{_WHOLE}"):
        folder = whole.parent
        with contextlib.suppress(FileNotFoundError):  # another process removes it, too
            if folder == used or whole.stat().st_mtime > before:
                continue
        with (root / f"{folder.name}.lock").open("a", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue  # in use
            whole.unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
