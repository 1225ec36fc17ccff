"""Which files a place means: one answer for fingerprints, descriptions, checks and loads.

It imports the standard library alone, for the start of a plugin is part of each Run.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, NamedTuple

_SIGNS: Final = "*?["
_EVERY_DEPTH: Final = "**"

_Identity = tuple[int, int]
_Folders = frozenset[_Identity]


class ListingError(Exception):
    """A place cannot be listed as a whole; the message names the path and the fix."""


def is_pattern(prefix: str) -> bool:
    """Whether a prefix has signs that stand for other names."""
    return any(sign in prefix for sign in _SIGNS)


def below(folder: Path, prefix: str) -> Path:
    """The path of a prefix below its folder; ``raw``, ``raw/`` and ``./raw`` are one, and ``~`` is a plain name.

    Raises:
        ListingError: it is not in the folder.
    """
    inside = Path(os.path.normpath(prefix))
    if inside.is_absolute() or ".." in inside.parts:
        raise ListingError(f"prefix {prefix} is not in {folder}; expected a folder or file there")
    return folder / inside


def files(folder: Path, prefix: str) -> list[Path]:
    """The files of a place, in the order of their names; none if there is nothing.

    A prefix is a file, a folder (all files below it), or a pattern of files and folders in which `*`, `?` and `[…]`
    stand for names as the file system spells them, and `**` for folders of any depth. What begins with a dot is no
    data, unless the prefix spells the dot. Linked files and folders count as if they were there.

    Raises:
        ListingError: not all of it can be listed: a broken link, a folder that cannot be read, what is neither file nor
            folder, or one file under two names.
    """
    target = below(folder, prefix)
    walk = _Walk()
    try:
        found = [file for place, above in _places(walk, folder, target) for file in walk.all(place, above)]
    except ValueError as fault:
        raise ListingError(f"prefix {prefix!r} is not a path: {fault}") from fault
    unique = sorted(set(found))
    if walk.has_links:
        _refuse_twins(unique)
    return unique


class _Kind(NamedTuple):
    """What a path leads to, and whether it is a link."""

    mode: int
    identity: _Identity
    is_link: bool


@dataclass
class _Walk:
    """A walk through folders that notes whether it went through links."""

    has_links: bool = field(default=False)

    def kind(self, path: Path) -> _Kind | None:
        """What is there; None where nothing is."""
        try:
            is_link = stat.S_ISLNK(os.lstat(path).st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as fault:
            raise _unreadable(path, fault) from fault
        try:
            there = path.stat()
        except (FileNotFoundError, NotADirectoryError) as fault:
            raise ListingError(f"{path} is a link that leads nowhere; remove it, or fix what it leads to") from fault
        except OSError as fault:
            raise _unreadable(path, fault) from fault
        self.has_links |= is_link
        return _Kind(there.st_mode, (there.st_dev, there.st_ino), is_link)

    def names(self, folder: Path) -> list[str]:
        """The names in a folder."""
        try:
            return sorted(path.name for path in folder.iterdir())
        except OSError as fault:
            raise _unreadable(folder, fault) from fault

    def all(self, place: Path, above: _Folders) -> Iterator[Path]:
        """The files of a file or folder; `above` are the folders that lead to it, so that a link to one ends there."""
        kind = self.kind(place)
        if kind is None or kind.identity in above:
            return
        if stat.S_ISREG(kind.mode):
            yield place
        elif stat.S_ISDIR(kind.mode):
            for name in self.names(place):
                if not name.startswith("."):
                    yield from self.all(place / name, above | {kind.identity})
        else:
            raise ListingError(f"{place} is neither a file nor a folder; remove it, or narrow the prefix")

    def matches(self, place: Path, parts: tuple[str, ...], above: _Folders) -> Iterator[tuple[Path, _Folders]]:
        """What is below a folder and matches the parts of a pattern, each with the folders that lead to it."""
        if not parts:
            yield place, above
            return
        kind = self.kind(place)
        if kind is None or not stat.S_ISDIR(kind.mode) or kind.identity in above:
            return
        head, rest = parts[0], parts[1:]
        chain = above | {kind.identity}
        if head == _EVERY_DEPTH:
            yield from self.matches(place, rest, above)
            for name in self.names(place):
                if not name.startswith("."):
                    yield from self.matches(place / name, parts, chain)
        elif not is_pattern(head):
            yield from self.matches(place / head, rest, chain)
        else:
            for name in self.names(place):
                if fnmatchcase(name, head) and (head.startswith(".") or not name.startswith(".")):
                    yield from self.matches(place / name, rest, chain)


def _places(walk: _Walk, folder: Path, target: Path) -> list[tuple[Path, _Folders]]:
    """What a prefix names, itself or what matches it, each with the folders that lead to it."""
    parts = target.relative_to(folder).parts
    if not is_pattern("/".join(parts)):
        return [(target, frozenset())]
    matching = list(walk.matches(folder, parts, frozenset()))
    if walk.kind(target) is None or any(place == target for place, _ in matching):
        return matching
    if matching:
        raise ListingError(
            f"{target} is the name of a file, and as a pattern it means {matching[0][0]}; rename one of them, or write"
            " the sign in brackets ([[] or [*]) in the prefix"
        )
    return [(target, frozenset())]


def _refuse_twins(found: list[Path]) -> None:
    seen: dict[str, Path] = {}
    for path in found:
        first = seen.setdefault(os.path.realpath(path), path)
        if first is not path:
            raise ListingError(
                f"{first} and {path} are one file, and its rows would count twice; remove the link or narrow the prefix"
            )


def _unreadable(path: Path, fault: OSError) -> ListingError:
    return ListingError(f"{path} cannot be read: {fault.strerror}; grant permission to read it, or remove it")
