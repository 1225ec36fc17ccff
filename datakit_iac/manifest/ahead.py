"""Reading a project's files in a second process while this one gets what checks them.

To import pydantic and to build the models takes as long as to read a few thousand manifests, and to import pydantic's
core alone, for the kept validators, as long as to read a few hundred; the two have nothing to do with each other. The
second process only reads what is certain; every other file, and everything should that process fail, is left to this
one, so that what is found is the same either way.
"""

from __future__ import annotations

import marshal
import os
import sys
import threading
from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO, Final, NoReturn

from datakit_iac.manifest import files

File = tuple[str, list[Any] | None]
"""A file's path, and its documents; None where they are still to be read."""


_BATCH: Final = 256
"""Files that are handed over together."""
_WAITING: Final = 1024 * 1024
"""Bytes that may wait to be taken, as much as Linux allows: some six thousand manifests."""
_LENGTH: Final = 8
"""Bytes before each batch that say how long it is."""


def files_below(root: str, unreadable: list[OSError]) -> Iterator[File]:
    """The YAML files below a folder, some of them read already; what is not ours has no documents.

    Args:
        root: the folder.
        unreadable: to it are added the folders that cannot be looked into, by the time that all files are found.
    """
    if not _is_worthwhile():
        return _unread(root, unreadable)
    ours, theirs = os.pipe()
    try:
        child = os.fork()
    except OSError:  # a sandbox, or there may be no more processes
        os.close(ours)
        os.close(theirs)
        return _unread(root, unreadable)
    if child == 0:
        _read_into(theirs, root)
    os.close(theirs)
    return _taken(child, ours, root, unreadable)


def _is_worthwhile() -> bool:
    """Whether there is something to do meanwhile and a processor to do it, and to fork is safe."""
    return (
        "pydantic" not in sys.modules
        and sys.platform == "linux"  # elsewhere a process is not always sound after a fork
        and len(os.sched_getaffinity(0)) > 1
        and threading.active_count() == 1
    )


def _unread(root: str, unreadable: list[OSError]) -> Iterator[File]:
    return ((file, None) for file in files.yaml_files(root, unreadable))


def _taken(child: int, pipe: int, root: str, unreadable: list[OSError]) -> Iterator[File]:
    """What the other process reads, as it comes; then whatever it left, should it not end well."""
    taken: set[str] = set()
    with os.fdopen(pipe, "rb") as stream:
        for found in _batches(stream):
            yield from found
            taken.update(file for file, _ in found)
    if os.waitpid(child, 0)[1] != 0:
        yield from (each for each in _unread(root, unreadable) if each[0] not in taken)


def _batches(stream: BinaryIO) -> Iterator[list[File]]:
    """Every batch that is whole: the other process may have been ended while it wrote one."""
    while len(length := stream.read(_LENGTH)) == _LENGTH:
        size = int.from_bytes(length, "little")
        if len(batch := stream.read(size)) < size:
            return
        yield marshal.loads(batch)


def _read_into(pipe: int, root: str) -> NoReturn:
    """The work of the second process, which ends here: nothing of the first is flushed or cleaned up twice."""
    status = 1
    try:
        import fcntl  # late: there is none on Windows

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _WAITING)
        unreadable: list[OSError] = []
        found = ((file, _documents(file, root)) for file in files.yaml_files(root, unreadable))
        with os.fdopen(pipe, "wb") as stream:
            while batch := list(islice(found, _BATCH)):
                content = marshal.dumps(batch)
                stream.write(len(content).to_bytes(_LENGTH, "little") + content)
                stream.flush()
        status = 1 if unreadable else 0
    finally:
        os._exit(status)


def _documents(file: str, root: str) -> list[Any] | None:
    from datakit_iac.manifest import plain_yaml  # late: the first process may need none of it

    try:
        content = files.content_of(file)
        if files.is_ours(file, content, root):
            return plain_yaml.read_fast(content.decode())
    except (OSError, UnicodeDecodeError):
        return None
    return []
