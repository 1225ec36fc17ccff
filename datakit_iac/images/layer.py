"""A layer of an image: a tar file whose bytes depend on names, contents and modes alone.

Layers are not compressed. What a compressor writes differs between its versions, and so would the digest of the image;
registries get them compressed by the engine that pushes them.
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path, PurePosixPath
from typing import IO, Final, NamedTuple

_BLOCK: Final = 1 << 20
_STICKY: Final = frozenset({"tmp", "var/tmp"})


class Layer(NamedTuple):
    """A layer that has been written: its digest, its size in bytes, and its file."""

    digest: str
    size: int
    file: Path


@dataclass(frozen=True, slots=True)
class Entry:
    """What is at a path.

    Attributes:
        content: of a file: its bytes, or the file that has them; None for a link or a folder.
        target: where a link points to.
        is_program: whether the file may be run.
    """

    content: bytes | Path | None = None
    target: str = ""
    is_program: bool = False


def entry(path: Path) -> Entry:
    """A file of this machine, or a link as it is."""
    if path.is_symlink():
        return Entry(target=os.fspath(path.readlink()))
    return Entry(path, is_program=bool(path.stat().st_mode & 0o111))


def folder() -> Entry:
    """A folder that is there though nothing is in it."""
    return Entry()


def epoch() -> int:
    """The time that everything in an image has, in seconds since 1970.

    It is SOURCE_DATE_EPOCH (https://reproducible-builds.org/specs/source-date-epoch/), or else 0.
    """
    said = os.environ.get("SOURCE_DATE_EPOCH", "")
    return int(said) if said.isdecimal() else 0


def write(entries: Mapping[str, Entry], blobs: Path) -> Layer:
    """Write a layer into the folder of blobs.

    Args:
        entries: what it has, by path below ``/``.
        blobs: gets a file with the name of the digest.
    """
    written = blobs / "layer.tar"
    with tarfile.open(written, "w", format=tarfile.GNU_FORMAT) as archive:
        _fill(archive, entries)
    with written.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    return _named(written, digest)


def _fill(archive: tarfile.TarFile, entries: Mapping[str, Entry]) -> None:
    made: set[str] = set()
    for path, each in sorted(entries.items(), key=itemgetter(0)):
        if path in made:
            continue  # a folder that something was already put into
        _add_folders(archive, PurePosixPath(path).parent, made)
        if each.target:
            archive.addfile(_about(path, tarfile.SYMTYPE, 0o777, each.target))
        elif each.content is None:
            _add_folders(archive, PurePosixPath(path), made)
        else:
            _add_file(archive, path, each)


def _add_folders(archive: tarfile.TarFile, path: PurePosixPath, made: set[str]) -> None:
    for each in (*reversed(path.parents), path):
        if (name := str(each)) not in (".", *made):
            made.add(name)
            archive.addfile(_about(name, tarfile.DIRTYPE, 0o1777 if name in _STICKY else 0o755))


def _add_file(archive: tarfile.TarFile, path: str, file: Entry) -> None:
    about = _about(path, tarfile.REGTYPE, 0o755 if file.is_program else 0o644)
    with io.BytesIO(file.content) if isinstance(file.content, bytes) else Path(file.content or "").open("rb") as opened:
        about.size = opened.seek(0, os.SEEK_END)
        opened.seek(0)
        archive.addfile(about, opened)


def _about(path: str, kind: bytes, mode: int, target: str = "") -> tarfile.TarInfo:
    """The header; the user and group that it says is root, by number alone."""
    about = tarfile.TarInfo(path)
    about.type, about.mode, about.linkname, about.mtime = kind, mode, target, epoch()
    return about


def copy(source: IO[bytes], blobs: Path) -> Layer:
    """Write what a stream has into the folder of blobs."""
    written, digest = blobs / "layer.tar", hashlib.sha256()
    with written.open("wb") as file:
        while block := source.read(_BLOCK):
            digest.update(block)
            file.write(block)
    return _named(written, digest.hexdigest())


def _named(file: Path, digest: str) -> Layer:
    return Layer(f"sha256:{digest}", file.stat().st_size, file.replace(file.with_name(digest)))
