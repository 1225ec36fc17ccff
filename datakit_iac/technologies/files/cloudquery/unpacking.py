"""Unpacking .zip and .gz files, so far as the limits allow; what is corrupt is refused whole."""

from __future__ import annotations

import errno
import gzip
import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import gettempdir
from typing import IO, Final, cast

from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.technologies.files.limits import RATIO, UNPACKED, Limits

_BLOCK: Final = 1 << 20
_SMALL: Final = 64 << 20
"""What may be unpacked at any ratio."""
_CORRUPT: Final = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OverflowError,
    ValueError,
    OSError,
)


@dataclass
class _Budget:
    """What one packed file may still unpack to."""

    shown: str
    packed: int
    limits: Limits
    unpacked: int = 0

    def take(self, size: int) -> None:
        """Count what was unpacked.

        Raises:
            PluginFault: it is more than the limits allow.
        """
        self.unpacked += size
        if self.unpacked > self.limits.unpacked:
            raise PluginFault(
                f"{self.shown} unpacks to more than {self.limits.unpacked:,} bytes, the most that {UNPACKED} allows;"
                f" deliver it in parts, or raise {UNPACKED} of its Store"
            )
        if self.unpacked > max(_SMALL, self.packed * self.limits.ratio):
            raise PluginFault(
                f"{self.shown} has {self.packed:,} bytes and unpacks to more than {self.unpacked:,}, over"
                f" {self.limits.ratio:g} times as many, the most that {RATIO} allows; deliver it unpacked, or raise"
                f" {RATIO} of its Store"
            )


@dataclass(frozen=True, slots=True)
class Unpacker:
    """Unpacks into one folder, under names of its own."""

    folder: Path
    limits: Limits
    _numbers: Iterator[int]

    @classmethod
    def into(cls, folder: Path, limits: Limits) -> Unpacker:
        """One that writes into the folder."""
        return cls(folder, limits, count(len(list(folder.iterdir()))))

    def gzip(self, path: Path, shown: str) -> Path:
        """The plain file of a .gz; all its members, one after the other.

        Raises:
            PluginFault: it is corrupt, cut off, or unpacks to more than is allowed.
        """
        with _corrupt(shown):
            budget = _Budget(shown, path.stat().st_size, self.limits)
            with gzip.open(path) as packed:
                return self._write(cast("IO[bytes]", packed), Path(path.stem).suffix, budget)

    def zip(self, path: Path, shown: str) -> Iterator[tuple[str, Path]]:
        """The members of a .zip with their plain files, without those whose names begin with a dot.

        Raises:
            PluginFault: it is corrupt, has two members of one name, or unpacks to more than is allowed.
        """
        with _corrupt(shown):
            budget = _Budget(shown, path.stat().st_size, self.limits)
            with zipfile.ZipFile(path) as archive:
                seen = set[str]()
                for member in archive.infolist():
                    if member.is_dir() or _is_hidden(member.filename):
                        continue
                    if member.filename in seen:
                        raise PluginFault(f"{shown} has two members {member.filename}; expected each name once")
                    seen.add(member.filename)
                    if stat.S_ISLNK(member.external_attr >> 16):
                        raise PluginFault(f"{shown}/{member.filename} is a link; pack the file that it leads to")
                    with archive.open(member) as packed:
                        plain = self._write(packed, Path(member.filename).suffix, budget)
                    yield member.filename, plain

    def link(self, path: Path) -> Path:
        """Another name of a file, without signs that DuckDB takes for a pattern."""
        target = self.folder / f"{next(self._numbers)}{path.suffix if path.suffix.isalnum() else ''}"
        target.symlink_to(path)
        return target

    def _write(self, packed: IO[bytes], suffix: str, budget: _Budget) -> Path:
        target = self.folder / f"{next(self._numbers)}{suffix}"
        with target.open("xb") as plain:
            while block := packed.read(_BLOCK):
                budget.take(len(block))
                plain.write(block)
        return target


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/")) or name.startswith("__MACOSX/")


@contextmanager
def _corrupt(shown: str) -> Iterator[None]:
    try:
        yield
    except _CORRUPT as fault:
        said = str(fault) or type(fault).__name__
        is_full = isinstance(fault, OSError) and fault.errno in (errno.ENOSPC, errno.EDQUOT)
        todo = f"make room in {gettempdir()}" if is_full else "deliver it again, whole"
        raise PluginFault(f"{shown} cannot be unpacked: {said}; {todo}") from fault
