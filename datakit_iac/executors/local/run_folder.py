"""The folder of one Run: held while it lasts, gone after it, and swept up where its provider was killed."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

HOLDER: Final = ".held"
"""The file in a Run's folder that its provider holds locked; the kernel lets go of it when the process ends."""


@contextmanager
def run_folder(runs: Path, name: str) -> Iterator[Path]:
    """An empty folder below `runs`, mode 0700; folders that no process holds any more are removed first."""
    runs.mkdir(parents=True, exist_ok=True)
    _sweep(runs)
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=runs)).absolute()
    held = _held(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def _held(folder: Path) -> int:
    # Locked before it has its name: a folder with that name in it and no lock on it is one of the dead.
    fresh = folder / f"{HOLDER}.new"
    descriptor = os.open(fresh, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    fresh.rename(folder / HOLDER)
    return descriptor


def _sweep(runs: Path) -> None:
    for holder in runs.glob(f"*/{HOLDER}"):
        try:
            descriptor = os.open(holder, os.O_RDWR)
        except OSError:
            continue  # gone meanwhile
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(holder.parent, ignore_errors=True)
        except OSError:
            continue  # held: its Run goes on
        finally:
            os.close(descriptor)
