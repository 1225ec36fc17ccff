"""The folder of a job's code: the files in it that count, their digests, and a copy of them."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

_MADE: Final = frozenset({"__pycache__", "__pypackages__", "node_modules"})
"""Folders that tools make; so is every one whose name begins with a dot, and every virtual environment."""

_LEFT_OUT: Final = (".pyc", ".pyo", ".swp", ".DS_Store", ".coverage")
_SECRETS: Final = ".env"
"""How the names of files begin that hold secrets by custom: a digest of them may give these away."""

_MANIFEST: Final = b"apiVersion: datakit.infoblox.dev/"


def files(folder: Path) -> list[Path]:
    """The files that a job may read, below its folder, by path: all but caches, hidden folders, `.env` and manifests.

    Raises:
        ValueError: the folder is not there or cannot be read; the text says why.
    """
    if not folder.is_dir():
        raise ValueError(f"there is no folder {folder}")
    return sorted(file.relative_to(folder) for file in _walk(folder) if not _is_manifest(file))


def digests(folder: Path) -> dict[str, str]:
    """The SHA-256 of each of those files, by its path below the folder.

    Raises:
        ValueError: one cannot be read.
    """
    return {file.as_posix(): _digest(folder / file) for file in files(folder)}


def copy(folder: Path, target: Path) -> dict[str, str]:
    """Copy those files into an empty folder; the SHA-256 of what was copied, by path.

    Raises:
        ValueError: one cannot be read.
    """
    target.mkdir(parents=True, exist_ok=True)
    found: dict[str, str] = {}
    for file in files(folder):
        content = _read(folder / file)
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        (target / file).write_bytes(content)
        shutil.copymode(folder / file, target / file)
        found[file.as_posix()] = hashlib.sha256(content).hexdigest()
    return found


def shown(folder: Path, contents: Mapping[str, str]) -> dict[str, str]:
    """Digests by the paths of their files from the working directory."""
    return {(folder / file).as_posix(): content for file, content in contents.items()}


def _walk(folder: Path) -> Iterator[Path]:
    def unreadable(fault: OSError) -> None:
        raise ValueError(f"{fault.filename} cannot be read: {fault.strerror}") from fault

    met: set[str] = set()
    for current, folders, names in os.walk(folder, followlinks=True, onerror=unreadable):
        real = os.path.realpath(current)
        if real in met:  # a link to a folder above
            folders.clear()
            continue
        met.add(real)
        folders[:] = sorted(name for name in folders if not _is_made(Path(current, name)))
        kept = (name for name in names if not name.endswith(_LEFT_OUT) and not name.startswith(_SECRETS))
        yield from (file for name in kept if (file := Path(current, name)).is_file())


def _is_made(folder: Path) -> bool:
    name = folder.name
    is_named_so = name in _MADE or name.startswith(".") or name.endswith(".egg-info")
    return is_named_so or (folder / "pyvenv.cfg").is_file()


def _is_manifest(file: Path) -> bool:
    return file.suffix in (".yaml", ".yml") and _MANIFEST in _read(file)


def _digest(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as fault:
        raise ValueError(f"{file} cannot be read: {fault.strerror}") from fault


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as fault:
        raise ValueError(f"{file} cannot be read: {fault.strerror}") from fault
