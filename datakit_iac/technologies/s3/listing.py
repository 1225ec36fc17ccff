"""Which objects a place means: one answer for versions, descriptions, checks and loads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from datakit_iac.technologies.files.listing import is_pattern
from datakit_iac.technologies.s3 import snapshot
from datakit_iac.technologies.s3.objects import Found, Objects
from datakit_iac.technologies.s3.snapshot import Snapshot
from datakit_iac.technologies.technology import StoreError


class Content(NamedTuple):
    """What lies at a place: its snapshot, if it has one, and the objects that count."""

    snapshot: Snapshot | None
    objects: list[Found]


def content(objects: Objects, prefix: str) -> Content:
    """What a place means now: what its snapshot names, and else what is listed.

    Raises:
        StoreError: an object that the snapshot names is another one by now.
    """
    known = None if is_pattern(prefix) else snapshot.read(objects, prefix)
    if known is None or known.objects is None:
        return Content(known, list(listed(objects, prefix)))
    there = {each.key: each for each in objects.list(snapshot.folder(prefix))}
    for each in known.objects:
        if each.key in there and there[each.key].etag != each.etag:
            raise StoreError(
                f"{objects.shown(each.key)} was written by somebody else than datakit; run the Transform of"
                " its DataSet again"
            )
    # What is gone was kept for as long as its retention says: the service itself removes it then.
    return Content(known, [there[each.key] for each in known.objects if each.key in there])


def listed(objects: Objects, prefix: str) -> Iterator[Found]:
    """The objects of a place, whoever wrote them.

    A prefix is a key, all keys below it, or a pattern in which `*`, `?` and `[…]` stand for names between slashes, and
    `**` for any number of them. What begins with a dot is no data, unless the prefix spells the dot.
    """
    name = snapshot.folder(prefix).rstrip("/")
    parts = name.split("/") if name else []
    if not is_pattern(name):
        if name:  # of all keys that begin with it, its own comes first
            yield from (each for each in objects.list(name, at_most=1) if each.key == name)
        below = f"{name}/" if name else ""
        for each in objects.list(below):
            if not each.key.endswith("/") and not _is_hidden(each.key[len(below) :]):
                yield each
        return
    first = next(number for number, part in enumerate(parts) if is_pattern(part))
    for each in objects.list("".join(f"{part}/" for part in parts[:first])):
        if not each.key.endswith("/") and _matches(each.key.split("/"), parts):
            yield each


def _is_hidden(key: str) -> bool:
    return any(part.startswith(".") for part in key.split("/"))


def _matches(key: Sequence[str], parts: Sequence[str]) -> bool:
    """Whether a key, or a prefix of it, is what the parts of a pattern mean."""
    if not parts:
        return not any(part.startswith(".") for part in key)
    if not key:
        return False
    head, rest = parts[0], parts[1:]
    if head == "**":
        return _matches(key, rest) or (not key[0].startswith(".") and _matches(key[1:], parts))
    if is_pattern(head) and key[0].startswith(".") and not head.startswith("."):
        return False
    return fnmatchcase(key[0], head) and _matches(key[1:], rest)
