"""The files that `dk init` starts from: package data below ``templates/``, with ``$name`` where a text is put in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath
from string import Template
from typing import Final

_DOT: Final = "dot-"
"""How a name begins that is to begin with a dot: tools take such names among our own files for theirs."""


def filled(folder: str, values: Mapping[str, str]) -> dict[PurePosixPath, str]:
    """The files of one template by their paths, with the values put in.

    Args:
        folder: which template, e.g. ``project``.
        values: a text for each ``$name``, in texts and in the names of files.
    """
    root = files("datakit_iac.cli.scaffold").joinpath("templates", folder)
    return {
        PurePosixPath(Template(str(path)).substitute(values)): Template(text).substitute(values)
        for path, text in _texts(root, PurePosixPath())
    }


def _texts(folder: Traversable, path: PurePosixPath) -> Iterator[tuple[PurePosixPath, str]]:
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        if entry.name == "__pycache__":
            continue
        name = entry.name.replace(_DOT, ".", 1) if entry.name.startswith(_DOT) else entry.name
        if entry.is_dir():
            yield from _texts(entry, path / name)
        else:
            yield path / name, entry.read_text(encoding="utf-8")
