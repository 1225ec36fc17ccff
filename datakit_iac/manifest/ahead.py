"""Reading a project's files in a second process while this one imports the models.

To import pydantic and to build the models takes as long as to read a few thousand manifests, and the two have nothing
to do with each other. The second process only reads what is certain; every other file, and everything should that
process fail, is left to this one, so that what is found is the same either way.
"""

from __future__ import annotations

import marshal
import os
import sys
import threading
from collections.abc import Iterator
from typing import Any, NoReturn

from datakit_iac.manifest import files, plain_yaml

File = tuple[str, list[Any] | None]
"""A file's path, and its documents; None where they are still to be read."""


def files_below(root: str, unreadable: list[OSError]) -> Iterator[File]:
    """The YAML files below a folder, some of them read already; what is not ours has no documents.

    Args:
        root: the folder.
        unreadable: to it are added the folders that cannot be looked into, by the time that all files are found.
    """
    if not _is_worthwhile():
        return _unread(root, unreadable)
    try:
        results = os.memfd_create("datakit-manifests")
        child = os.fork()
    except OSError:  # a sandbox, or no process is left
        return _unread(root, unreadable)
    if child == 0:
        _read_into(results, root)
    return _collected(child, results, root, unreadable)


def _is_worthwhile() -> bool:
    """Whether there is something to do meanwhile and a processor to do it, and to fork is safe."""
    return (
        "pydantic" not in sys.modules
        and hasattr(os, "memfd_create")  # Linux; elsewhere a process is not always sound after a fork
        and len(os.sched_getaffinity(0)) > 1
        and threading.active_count() == 1
    )


def _unread(root: str, unreadable: list[OSError]) -> Iterator[File]:
    return ((file, None) for file in files.yaml_files(root, unreadable))


def _collected(child: int, results: int, root: str, unreadable: list[OSError]) -> Iterator[File]:
    """What the other process has read, once it has ended; nothing of it where it did not end well."""
    _, status = os.waitpid(child, 0)
    with os.fdopen(results, "rb") as stream:
        if status == 0:
            stream.seek(0)
            yield from marshal.load(stream)  # written by ourselves, a moment ago
        else:
            yield from _unread(root, unreadable)


def _read_into(results: int, root: str) -> NoReturn:
    """The work of the second process, which ends here: nothing of the first is flushed or cleaned up twice."""
    status = 1
    try:
        unreadable: list[OSError] = []
        found = [(file, _documents(file, root)) for file in files.yaml_files(root, unreadable)]
        with os.fdopen(results, "wb") as stream:
            marshal.dump(found, stream)
        status = 1 if unreadable else 0
    finally:
        os._exit(status)


def _documents(file: str, root: str) -> list[Any] | None:
    try:
        content = files.content_of(file)
        if files.is_marked(content) or files.is_in_our_place(file, root):
            return plain_yaml.read_fast(content.decode())
    except (OSError, UnicodeDecodeError):
        return None
    return []
