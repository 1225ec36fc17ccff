"""Which files a table is read from, each as one that DuckDB can read."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.technologies.files import listing
from datakit_iac.technologies.files.cloudquery.spec import Format, TableSpec
from datakit_iac.technologies.files.cloudquery.unpacking import Unpacker
from datakit_iac.technologies.files.paths import resolve

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
_PACKED: Final = (".gz", ".zip")


@dataclass(frozen=True, slots=True)
class State:
    """What tells whether a file is still the one that was counted."""

    size: int
    changed: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> State:
        """The state of a file now."""
        there = path.stat()
        return cls(there.st_size, there.st_mtime_ns, there.st_ino)


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file that DuckDB can read.

    Attributes:
        path: where it is; below a temporary folder if it was packed.
        shown: how people know it.
        format: what is in it.
        records: how many were counted in it, its header left out.
        size: the bytes of these records, unpacked.
        state: what it was when they were counted.
        left_out: where lines are left out that are not data: how many bytes of data are before each.
    """

    path: Path
    shown: str
    format: Format
    records: int = 0
    size: int = 0
    state: State | None = None
    left_out: Sequence[int] = ()


def find(spec: TableSpec, unpacked: Path) -> list[DataFile]:
    """The files of a table, in the order of their names, unpacked.

    Args:
        spec: its path, as `technologies.files.listing.files` takes it, and the format of all of them; else their names
            tell it.
        unpacked: a folder for what is packed.

    Raises:
        PluginFault: there are none, or of several formats, or of none that can be read, or they cannot be unpacked.
    """
    folder, prefix = _place(spec)
    try:
        found = listing.files(folder, prefix)
    except listing.ListingError as fault:
        raise PluginFault(str(fault)) from fault
    if not found:
        raise PluginFault(f"{spec.path}: there is no such file; looked for {folder / prefix}")
    return opened(spec, [(path, show(path)) for path in found], unpacked)


def opened(spec: TableSpec, delivered: Sequence[tuple[Path, str]], unpacked: Path) -> list[DataFile]:
    """What is delivered for a table, each file with what people call it, unpacked.

    Raises:
        PluginFault: it is of several formats, or of none that can be read, or cannot be unpacked.
    """
    unpacker = Unpacker.into(unpacked, spec.limits)
    files = [file for path, shown in delivered for file in _opened(unpacker, path, shown, spec.format)]
    if not files:
        names = ", ".join(shown for _, shown in delivered)
        raise PluginFault(f"{names}: nothing is packed in it; expected at least one file of rows")
    if len(formats := sorted({file.format for file in files})) > 1:
        raise PluginFault(f"{spec.shown} means files of several formats ({', '.join(formats)}); narrow it to one")
    return files


def show(path: Path) -> str:
    """A path for people, whatever bytes its name has."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def _place(spec: TableSpec) -> tuple[Path, str]:
    if spec.folder is not None:
        return Path(os.path.normpath(spec.folder)), spec.path
    try:
        place = Path(os.path.normpath(resolve(spec.path)))
    except OSError as fault:
        raise PluginFault(str(fault)) from fault
    folder = place.parent
    while listing.is_pattern(str(folder)) and not folder.exists():
        folder = folder.parent
    return folder, str(place.relative_to(folder))


def _opened(unpacker: Unpacker, path: Path, shown: str, declared: Format | None) -> Iterator[DataFile]:
    """What is read of a file: itself, or what is packed in it."""
    suffix = path.suffix.lower()
    if suffix == ".zip":
        for name, member in unpacker.zip(path, shown):
            inside = f"{shown}/{show(Path(name))}"
            told = declared or _format(name.rpartition("/")[2], inside)
            if Path(name).suffix.lower() in _PACKED:
                raise PluginFault(f"{inside} is packed twice; pack its rows once")
            yield DataFile(member, inside, told)
        return
    told = declared or _format(path.name, shown)
    if suffix == ".gz":
        yield DataFile(unpacker.gzip(path, shown), shown, told)
    else:
        yield DataFile(path if _is_plain(path) else unpacker.link(path), shown, told)


def _is_plain(path: Path) -> bool:
    """Whether DuckDB takes the path for itself, not for a pattern, and can be told it."""
    text = str(path)
    return not listing.is_pattern(text) and text.isprintable()


def _format(name: str, shown: str) -> Format:
    suffixes = [suffix.lower() for suffix in Path(name).suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    known = _BY_SUFFIX.get(suffixes[-1]) if suffixes else None
    if known is None:
        expected = ", ".join(_BY_SUFFIX)
        raise PluginFault(f"{shown}: its name tells no format; expected {expected} (or .gz, .zip), or say `format`")
    return cast("Format", known)
