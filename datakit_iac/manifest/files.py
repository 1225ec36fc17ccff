"""The files of a project that may hold manifests: which they are, and whether one is ours that says nothing of it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Final

_PASSED_OVER: Final = frozenset({"node_modules", "target", "dbt_packages", "__pycache__"})
_KINDS: Final = ("connector", "store", "dataset", "datasetgroup", "transform", "environment", "policy")
_FOLDERS: Final = frozenset(_KINDS) | {f"{kind}s" for kind in _KINDS} | {"policies"}
_NAMES: Final = frozenset(f"{name}.{suffix}" for name in (*_KINDS, "dk") for suffix in ("yaml", "yml"))
_MARKED: Final = re.compile(
    rb"datakit\.|infoblox\.dev|^kind:\s*[\"']?(?:Connector|Store|DataSet|DataSetGroup|Transform|Environment|Policy)\b",
    re.MULTILINE,
)
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
LARGEST: Final = 16 * 1024 * 1024
"""Bytes of a file: manifests written by people, and by programs, are a thousandth of that."""
_USUAL: Final = 64 * 1024
"""Bytes that nearly every file is shorter than; room for more is not asked of the system for each."""


def yaml_files(folder: str, unreadable: list[OSError]) -> Iterator[str]:
    """The YAML files below a folder, by name, those of a folder before those of the folders in it.

    Links to folders are not followed. A folder that cannot be read is added to `unreadable`.
    """
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError as fault:
        unreadable.append(fault)
        return
    folders = []
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            folders.append(entry)
        elif entry.name.endswith((".yaml", ".yml")) and (entry.is_symlink() or entry.is_file()):
            yield entry.path
    for entry in folders:
        if not entry.name.startswith(".") and entry.name not in _PASSED_OVER:
            yield from yaml_files(entry.path, unreadable)


def content_of(file: str) -> bytes:
    """What is in a file.

    Raises:
        OSError: it cannot be read, or is larger than any manifest.
    """
    # A file of the operating system's own: Python's, with their buffers, take three times as long to open.
    descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
    try:
        content = os.read(descriptor, _USUAL)
        while len(content) <= LARGEST and (more := os.read(descriptor, LARGEST)):
            content += more
    finally:
        os.close(descriptor)
    if len(content) > LARGEST:
        raise OSError(f"larger than {LARGEST // 1024**2} MiB, and no manifest is")
    return content


def is_ours(file: str, content: bytes, root: str) -> bool:
    """Whether a file below a project's folder is meant to hold manifests, by what it says or by where it lies."""
    return _is_marked(content) or _is_in_our_place(file, root)


def _is_marked(content: bytes) -> bool:
    """Whether a file speaks of manifests of ours, rightly or not: by an `apiVersion` or a `kind`, or in UTF-16."""
    return _MARKED.search(content) is not None or content.startswith(_UTF_16)


def _is_in_our_place(file: str, root: str) -> bool:
    """Whether a file lies where only manifests do: in a project's ``dataset/``, say, or called ``dk.yaml``."""
    folder, name = os.path.split(file)
    parent, last = os.path.split(folder)
    return name in _NAMES or (last in _FOLDERS and parent == os.path.normpath(root))
