"""Which files a path means, and opening what is packed."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfileobj
from typing import Final, cast

from datakit_iac.cloudquery.files.spec import Format
from datakit_iac.cloudquery.servicers import PluginFault

_BY_SUFFIX: Final = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".parquet": "parquet",
    ".pq": "parquet",
}
_PATTERN: Final = "*?["
_BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file that DuckDB can read.

    Attributes:
        path: where it lies; below a temporary folder if it was packed.
        shown: how people know it.
        format: what is in it.
    """

    path: Path
    shown: str
    format: Format


def find(path: str, declared: Format | None, unpacked: Path) -> list[DataFile]:
    """The files of a path, which is a file, a folder (all files below it) or a pattern, in the order of their names.

    Args:
        path: as `technologies.files.paths.resolve` takes it.
        declared: the format of all of them; else their names tell.
        unpacked: a folder for what is packed in zip files.

    Raises:
        PluginFault: there are none, or of several formats, or of none that can be read.
    """
    place = _place(path)
    if not (found := _paths(place)):
        raise PluginFault(f"{path}: there is no such file; looked for {place}")
    files = [file for each in found for file in _opened(each, declared, unpacked)]
    if len(formats := sorted({file.format for file in files})) > 1:
        raise PluginFault(f"{path} means files of several formats ({', '.join(formats)}); narrow the pattern to one")
    return files


def _place(path: str) -> Path:
    if Path(path).is_absolute():
        return Path(path)
    # Late: the technologies import pydantic, and the start of a plugin is part of each run.
    from datakit_iac.technologies.files.paths import resolve

    try:
        return resolve(path)
    except OSError as fault:
        raise PluginFault(str(fault)) from fault


def _paths(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    if place.is_dir():
        return sorted(path for path in place.rglob("*") if path.is_file() and not path.name.startswith("."))
    anchor = Path(place.anchor)
    pattern = place.relative_to(anchor).as_posix()
    if not any(sign in pattern for sign in _PATTERN):
        return []
    return sorted(path for path in anchor.glob(pattern) if path.is_file() and not path.name.startswith("."))


def _opened(path: Path, declared: Format | None, unpacked: Path) -> Iterator[DataFile]:
    if path.suffix.lower() == ".zip":
        yield from _members(path, declared, unpacked)
    else:
        yield DataFile(path, str(path), declared or _format(path.name, str(path)))


def _members(path: Path, declared: Format | None, unpacked: Path) -> Iterator[DataFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                name = Path(member.filename).name
                if member.is_dir() or name.startswith(".") or member.filename.startswith("__MACOSX/"):
                    continue
                shown = f"{path}/{member.filename}"
                told = declared or _format(name, shown)
                target = unpacked / f"{len(list(unpacked.iterdir()))}{Path(name).suffix}"
                with archive.open(member) as packed, target.open("xb") as plain:
                    copyfileobj(packed, plain, _BLOCK)
                yield DataFile(target, shown, told)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as fault:
        raise PluginFault(f"{path} cannot be unpacked: {fault}") from fault


def _format(name: str, shown: str) -> Format:
    suffixes = [suffix.lower() for suffix in Path(name).suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    known = _BY_SUFFIX.get(suffixes[-1]) if suffixes else None
    if known is None:
        expected = ", ".join(_BY_SUFFIX)
        raise PluginFault(f"{shown}: its name tells no format; expected {expected} (or .gz, .zip), or say `format`")
    return cast("Format", known)
