"""The engines we keep: one folder per version, shared by every project of a user, filled atomically."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from datakit_iac.toolchain.engine.probe import parse
from datakit_iac.toolchain.errors import ToolchainError
from datakit_iac.toolchain.progress import Step


def engines_folder(env: Mapping[str, str]) -> Path:
    """The folder with one folder per engine version: `$DATAKIT_CACHE/pulumi`, by default under `~/.cache`."""
    if chosen := env.get("DATAKIT_CACHE"):
        return Path(chosen).expanduser() / "pulumi"
    parent = env.get("XDG_CACHE_HOME") or str(Path(env.get("HOME") or "~").expanduser() / ".cache")
    return Path(parent) / "datakit" / "pulumi"


def executable_in(version_folder: Path) -> Path:
    """The engine's executable within a version's folder, laid out as the official installer does."""
    return version_folder / "bin" / "pulumi"


def cached_executables(folder: Path) -> list[Path]:
    """The engines kept, the newest first."""
    if not folder.is_dir():
        return []
    versions = [(parse(entry.name), entry) for entry in folder.iterdir()]
    known = sorted(((numbers, entry) for numbers, entry in versions if numbers), reverse=True)
    return [executable_in(entry) for _, entry in known if os.access(executable_in(entry), os.X_OK)]


@contextlib.contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the cache's lock, so that two set-ups at once do not build the same engine twice.

    Raises:
        ToolchainError: The folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = (folder / ".lock").open("a")
    except OSError as error:
        raise _not_writable(folder, error) from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with Step("engine", "waiting for another set-up that is making an engine for the same cache"):
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def filling(folder: Path) -> Iterator[Path]:
    """An empty folder beside the versions, removed at the end whatever happens: fill it, then `keep` it."""
    try:
        scratch = Path(tempfile.mkdtemp(prefix=".filling-", dir=folder))
    except OSError as error:
        raise _not_writable(folder, error) from error
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def keep(filled: Path, folder: Path, version: str) -> Path:
    """Move a filled folder to its version's place by one rename; an older one there is replaced.

    Returns:
        The engine's executable in its new place.
    """
    place = folder / version
    if place.exists():
        with filling(folder) as aside:
            place.rename(aside / "old")
            filled.rename(place)
    else:
        filled.rename(place)
    return executable_in(place)


def _not_writable(folder: Path, error: OSError) -> ToolchainError:
    return ToolchainError(
        f"the cache folder {folder} cannot be written: {error.strerror or error}",
        expected="a folder of yours with 1 GB free",
        fix="set DATAKIT_CACHE to such a folder and run it again",
    )
