"""The files of a project that may hold manifests: which they are, and whether one is ours that says nothing of it."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_PASSED_OVER: Final = frozenset({"node_modules", "target", "dbt_packages", "__pycache__"})
_KINDS: Final = ("connector", "store", "dataset", "datasetgroup", "transform", "environment", "policy")
_FOLDERS: Final = frozenset(_KINDS) | {f"{kind}s" for kind in _KINDS} | {"policies"}
_OF_FUNCTIONS: Final = frozenset({"transform", "transforms"})
"""The folders below which modules may declare functions, as `functions.importing` has them."""
_NAMES: Final = frozenset(f"{name}.{suffix}" for name in (*_KINDS, "dk") for suffix in ("yaml", "yml"))
_MARKED: Final = re.compile(
    rb"datakit\.|infoblox\.dev|^kind:\s*[\"']?(?:Connector|Store|DataSet|DataSetGroup|Transform|Environment|Policy)\b",
    re.MULTILINE,
)
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
LARGEST: Final = 16 * 1024 * 1024
"""Bytes of a file: manifests written by people, and by programs, are a thousandth of that."""
_USUAL: Final = 16 * 1024
"""Bytes that nearly every file is shorter than; for a longer one room for twice as many is asked each time."""
_FLAGS: Final = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)


_NO_FUNCTIONS: Final = re.compile(r"test_.*|.*_test\.py|conftest\.py")
_MAY_DECLARE: Final = re.compile(
    rb"^[ \t]*(?:from[ \t]+datakit_iac[ \t]+import|import[ \t]+datakit_iac)\b", re.MULTILINE
)


def yaml_files(root: str, unreadable: list[OSError], modules: list[str] | None = None) -> Iterator[str]:
    """The YAML files below a folder, by name, those of a folder before those of the folders in it.

    The Python modules below ``transforms/`` that may declare functions are added to `modules`.

    Links to folders are followed, once all that is below the folder itself is found; no folder is read twice. What
    cannot be read is added to `unreadable`: a folder, a link to nothing, a link to a folder that holds the project.
    """
    walk = _Walk(unreadable, [] if modules is None else modules, os.path.split(root)[0])
    real = os.path.realpath(root)
    yield from walk.below(root, real)
    for link in walk.links:  # grows meanwhile
        target = os.path.realpath(link)
        if target not in walk.met and os.path.commonpath((real, target)) == target:
            unreadable.append(OSError(errno.ELOOP, f"it links to {target}, which holds the project itself", link))
        else:
            yield from walk.below(link, target)


class _Walk:
    """One walk through folders: the links that were met on it, and the folders, by their real paths."""

    def __init__(self, unreadable: list[OSError], modules: list[str], above: str) -> None:
        self._unreadable, self._modules, self._above = unreadable, modules, above
        self.links: list[str] = []
        self.met: set[str] = set()

    def below(self, folder: str, real: str) -> Iterator[str]:
        if real in self.met:
            return
        self.met.add(real)
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as fault:
            self._unreadable.append(fault)
            return
        folders = []
        for entry in found:
            is_yaml = entry.name.lower().endswith((".yaml", ".yml"))
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry)
            elif entry.is_symlink() and self._leads_to_folder(entry):
                self.links.append(entry.path)
            elif is_yaml and (entry.is_symlink() or entry.is_file()):
                yield entry.path
            elif entry.name.endswith(".py") and _is_for_functions(entry.path, self._above):
                self._modules.append(entry.path)
        for entry in folders:
            if not _is_passed_over(entry.name):
                yield from self.below(entry.path, f"{real}{os.sep}{entry.name}")

    def _leads_to_folder(self, link: os.DirEntry[str]) -> bool:
        if _is_passed_over(link.name):
            return False
        try:
            return stat.S_ISDIR(link.stat().st_mode)
        except OSError as fault:  # a broken link, a circle of links, or no permission
            if "." not in link.name:  # by its suffix a file: of a manifest its reader tells, another may be made later
                self._unreadable.append(OSError(fault.errno, f"a link: {fault.strerror}", link.path))
            return False


def _is_for_functions(file: str, above: str) -> bool:
    """Whether a module is below a folder of Transforms, and holds no tests."""
    *folders, name = Path(os.path.relpath(file, above or os.curdir)).parts
    return not _OF_FUNCTIONS.isdisjoint(folders) and not _NO_FUNCTIONS.fullmatch(name)


def _is_passed_over(name: str) -> bool:
    return name.startswith(".") or name in _PASSED_OVER


def content_of(file: str) -> bytes:
    """What is in a file.

    Raises:
        OSError: it cannot be read, or is larger than any manifest.
    """
    # A file of the operating system's own: Python's, with their buffers, take three times as long to open.
    descriptor = os.open(file, _FLAGS)
    try:
        content = os.read(descriptor, _USUAL)
        while len(content) <= LARGEST and (more := os.read(descriptor, _USUAL + len(content))):
            content += more
    finally:
        os.close(descriptor)
    if len(content) > LARGEST:
        raise OSError(f"larger than {LARGEST // 1024**2} MiB; manifests are smaller")
    return content


def is_ours(file: str, content: bytes, root: str) -> bool:
    """Whether a file below a project's folder is meant to hold manifests, by what it says or by where it is."""
    return is_marked(content) or _is_in_our_place(file, root)


def may_declare(content: bytes) -> bool:
    """Whether a Python module may declare functions: it imports names of ours."""
    return _MAY_DECLARE.search(content) is not None


def is_marked(content: bytes) -> bool:
    """Whether a file looks like a manifest, valid or not: by an `apiVersion` or a `kind`, or in UTF-16."""
    return _MARKED.search(content) is not None or content.startswith(_UTF_16)


def _is_in_our_place(file: str, root: str) -> bool:
    """Whether a file is where only manifests are: in a project's ``dataset/``, say, or called ``dk.yaml``."""
    folder, name = os.path.split(file)
    parent, last = os.path.split(folder)
    return name in _NAMES or (last in _FOLDERS and parent == os.path.normpath(root))
