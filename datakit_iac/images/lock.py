"""The lock file that says which packages an image has."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Final, NamedTuple

from datakit_iac.images.fault import ImageError
from datakit_iac.runtimes.generic.requirements import LOCK, REQUIREMENTS, requirements
from datakit_iac.runtimes.generic.virtualenv import MISSING, uv

PINNED: Final = "requirements.lock"

_ASKS: Final = re.compile(r"^\s*[A-Za-z0-9]", re.MULTILINE)


class Lock(NamedTuple):
    """Packages with hashes.

    Attributes:
        file: what says so, for people.
        text: requirements with hashes, as pip and uv read them.
    """

    file: Path
    text: str


def of_project(*folders: Path) -> Lock:
    """That of a project: `requirements.lock`, or else `uv.lock`, or else `requirements.txt` with hashes.

    Args:
        folders: where it may be; the first that has one decides.

    Raises:
        ImageError: there is none.
    """
    for folder in folders:
        pinned = folder / PINNED
        found = _hashed(pinned, pinned.read_text(encoding="utf-8")) if pinned.is_file() else of_code(folder)
        if found:
            return found
    message = f"{folders[0]} has no lock file: {PINNED}, {LOCK}, or {REQUIREMENTS} with hashes"
    hint = f"`uv pip compile --universal --generate-hashes REQUIREMENTS --output-file {PINNED}` writes one"
    raise ImageError(message, hint)


def of_code(folder: Path) -> Lock | None:
    """That of the folder of a Transform's code; None where it asks for no packages.

    Raises:
        ImageError: it asks for packages without a lock.
    """
    try:
        asked = requirements(folder)
    except ValueError as fault:
        raise ImageError(str(fault)) from fault
    if asked is None:
        return None
    file = folder / asked.file
    if asked.takes_code:
        message = f"{file} installs code of the folder as a package, which has no hash; an image takes packages by hash"
        raise ImageError(message, "take `build-system` out of pyproject.toml: the command runs in the folder")
    if asked.file == LOCK:
        return Lock(file, _exported(folder))
    text = "\n".join((folder / each).read_text(encoding="utf-8") for each in asked.read)
    if asked.file == REQUIREMENTS and (not asked.chance or not _ASKS.search(text)):
        return _hashed(file, file.read_text(encoding="utf-8"))
    raise ImageError(f"{asked.chance}, so that an image may get other packages tomorrow", "`uv lock` writes one")


def _hashed(file: Path, text: str) -> Lock:
    if _ASKS.search(text) and "--hash=" not in text:
        raise ImageError(f"{file} has no hashes", "`uv pip compile --generate-hashes` writes them")
    return Lock(file, text)


def _exported(folder: Path) -> str:
    """What a `uv.lock` says, as requirements with hashes."""
    tool = uv()
    if tool is None:
        raise ImageError(MISSING)
    arguments = ["export", "--locked", "--no-dev", "--no-emit-project", "--no-header", "--format", "requirements-txt"]
    done = subprocess.run([tool.path, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ImageError(f"uv cannot read {folder / LOCK}: {done.stderr.strip()}", "`uv lock` brings it up to date")
    return done.stdout
