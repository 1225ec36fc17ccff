"""Which objects a place means: one answer for versions, descriptions, checks and loads."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from datakit_iac.technologies.files.listing import is_pattern
from datakit_iac.technologies.s3 import snapshot
from datakit_iac.technologies.s3.lifecycle import DAY, days
from datakit_iac.technologies.s3.objects import Found, Objects
from datakit_iac.technologies.s3.snapshot import Snapshot, Written
from datakit_iac.technologies.technology import StoreError


class Content(NamedTuple):
    """What is at a place.

    Attributes:
        snapshot: what datakit knows of it; None where nothing.
        objects: those that count.
        lost: those that the snapshot names and that are not there, or are others by now.
    """

    snapshot: Snapshot | None
    objects: list[Found]
    lost: list[Written]


def content(objects: Objects, prefix: str) -> Content:
    """What a place means now: what its snapshot names, and else what is listed."""
    known = None if is_pattern(prefix) else snapshot.read(objects, prefix)
    if known is None or known.objects is None:
        return Content(known, list(listed(objects, prefix)), [])
    there = {each.key: each for each in objects.list(snapshot.folder(prefix))}
    kept = [each for each in known.objects if each.key in there and there[each.key].etag == each.etag]
    lost = [each for each in known.objects if each not in kept]
    return Content(known, [there[each.key] for each in kept], lost)


def whole(objects: Objects, prefix: str, retention: str) -> Content:
    """What a place means, where nothing of it is lost but what was kept for as long as its retention says.

    Raises:
        StoreError: objects that the snapshot names are gone, or were overwritten.
    """
    found = content(objects, prefix)
    demand_expired(objects, prefix, found.lost, retention)
    return found


def demand_expired(objects: Objects, prefix: str, lost: Sequence[Written], retention: str) -> None:
    """What is lost was kept for as long as a retention says: then the service itself has removed it.

    Raises:
        StoreError: some was not.
    """
    age = days(retention)
    oldest = None if age is None else time.time() - age * DAY
    lost = [each for each in lost if oldest is None or each.time > oldest]
    if lost:
        raise StoreError(
            f"{len(lost):,} objects of {prefix} were removed or overwritten by somebody else than datakit, the first:"
            f" {objects.shown(lost[0].key)}; restore them, or fill the DataSet again by overwrite-delete-stale"
        )


def listed(objects: Objects, prefix: str) -> Iterator[Found]:
    """All objects of a place, whatever wrote them.

    A prefix is a key, all keys below it, or a pattern in which `*`, `?` and `[…]` stand for names between slashes, and
    `**` for any number of them. What begins with a dot is not data, unless the prefix spells the dot.
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
