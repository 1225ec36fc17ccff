r"""What a DataSet on S3 holds, as one object says it: whose it is, and which objects its rows are in.

It is below `.datakit/` of the Store's prefix and is only ever switched from what was read to what comes next
(`If-Match`), so that a reader sees all objects of a load or none, and of two loads at a time one is refused. Its form::

    {"version": 1, "load": "5e0c…", "comment": "All users.\n\n[datakit …]",
     "columns": ["id", "email"],
     "objects": [{"key": "users/1f2a-0.parquet", "size": 512, "etag": "…", "source": "load", "run": "1f2a",
                  "time": 1767225600}]}

`objects` is null where no load of ours has written yet: then all objects below the prefix count.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from datakit_iac.technologies.ownership import Mark
from datakit_iac.technologies.s3.objects import Objects
from datakit_iac.technologies.s3.opening import ConflictError, ObjectMissingError
from datakit_iac.technologies.technology import StoreError

FOLDER: Final = ".datakit/"
"""Where snapshots are: what begins with a dot is not data."""
_VERSION: Final = 1
_ENDING: Final = ".json"
_ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True)
class Written:
    """An object of a DataSet's rows.

    Attributes:
        key: below the Store's prefix.
        size: its bytes.
        etag: of its content.
        source: the Transform that wrote it.
        run: the same where the same Run was tried again.
        time: when it was written, in seconds since 1970.
    """

    key: str
    size: int
    etag: str
    source: str = ""
    run: str = ""
    time: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One state of a DataSet.

    Attributes:
        comment: its description, and the mark of ownership.
        objects: those that its rows are in; None where no load of ours has written yet.
        load: another text for each load.
        columns: the names of the declared columns, in lower case, with which the objects were written or which were
            added since; empty where that is not known.
        etag: of the object that says so; None where there is none.
    """

    comment: str = ""
    objects: tuple[Written, ...] | None = None
    load: str = ""
    columns: tuple[str, ...] = ()
    etag: str | None = None

    @property
    def described(self) -> tuple[str, Mark | None]:
        """Its description and its mark."""
        return Mark.split(self.comment)


def folder(prefix: str) -> str:
    """The text that the keys of a DataSet begin with; ``raw``, ``raw/`` and ``./raw`` are one.

    >>> folder("raw/"), folder(".")
    ('raw/', '')

    Raises:
        StoreError: it is not in the Store.
    """
    inside = posixpath.normpath(prefix)
    if inside.startswith("/") or inside == ".." or inside.startswith("../"):
        raise StoreError(f"prefix {prefix} is not in the Store; expected a prefix or key below the Store's own")
    return "" if inside == "." else f"{inside}/"


def key_of(prefix: str) -> str:
    """Where the snapshot of a prefix is."""
    return f"{FOLDER}{folder(prefix).rstrip('/') or '.'}{_ENDING}"


def prefix(found: str) -> str:
    """The prefix whose snapshot is at a key."""
    return found.removeprefix(FOLDER).removesuffix(_ENDING)


def overlapping(objects: Objects, of: str) -> list[str]:
    """The prefixes with a snapshot that one is in, or that are in it."""
    parts = folder(of).rstrip("/").split("/")
    above = {"/".join(parts[:number]) for number in range(1, len(parts))} | ({"."} if folder(of) else set())
    found = [key for each in above if (key := f"{FOLDER}{each}{_ENDING}") and objects.has(key)]
    below = objects.list(f"{FOLDER}{folder(of)}")
    return sorted(prefix(each) for each in (*found, *(each.key for each in below if each.key != key_of(of))))


def read(objects: Objects, of: str) -> Snapshot | None:
    """The snapshot of a prefix; None where it has none.

    Raises:
        StoreError: what is in its place is none.
    """
    place = key_of(of)
    try:
        content, etag = objects.read(place)
    except ObjectMissingError:
        return None
    try:
        said: dict[str, Any] = json.loads(content)
        if said["version"] != _VERSION:
            raise StoreError(
                f"{objects.shown(place)} was written by another version of datakit ({said['version']}); update this one"
            )
        written = said["objects"]
        named = None if written is None else tuple(Written(**each) for each in written)
        return Snapshot(said["comment"], named, said["load"], tuple(said.get("columns", ())), etag)
    except (ValueError, KeyError, TypeError) as fault:
        raise StoreError(
            f"{objects.shown(place)} is not a snapshot of datakit; remove it if it is not needed, and the DataSet is"
            " made again"
        ) from fault


def switch(objects: Objects, of: str, snapshot: Snapshot) -> Snapshot:
    """Put a snapshot in the place of the one that it was made of; as it then is.

    Raises:
        ConflictError: that one is there no more.
    """
    written = None if snapshot.objects is None else [asdict(each) for each in snapshot.objects]
    said = {"version": _VERSION, "comment": snapshot.comment, "load": snapshot.load, "objects": written}
    said["columns"] = list(snapshot.columns)
    content = json.dumps(said, ensure_ascii=False).encode()
    return replace(snapshot, etag=objects.write(key_of(of), content, expected=snapshot.etag))


def change(objects: Objects, of: str, changed: Callable[[Snapshot], Snapshot]) -> Snapshot:
    """Change what is there, again if somebody else has changed it meanwhile; as it then is.

    Raises:
        ConflictError: others change it all the time.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return switch(objects, of, changed(read(objects, of) or Snapshot()))
        except ConflictError:
            continue
    return switch(objects, of, changed(read(objects, of) or Snapshot()))
