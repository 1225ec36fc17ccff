"""Where a project keeps its manifests, so that a new one is beside its like."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datakit_iac.manifest.project import Project

_USUAL: Final = {
    "Connector": "connector/*.yaml",
    "Store": "store/*.yaml",
    "DataSet": "dataset/*.yaml",
    "Transform": "transforms/*/dk.yaml",
}
"""Where the manifest of a name (``*``) is in a project that shows no layout of its own."""


def place(project: Project, kind: str, name: str) -> Path:
    """The file for a new manifest: named as most of its kind are, e.g. ``datasets/NAME/dk.yaml``.

    Args:
        project: the project.
        kind: the new manifest's kind.
        name: its name.
    """
    seen = Counter(filter(None, (_pattern(project, *key) for key in project.origins if key[0] == kind)))
    pattern = max(seen, key=lambda each: (seen[each], each)) if seen else _USUAL[kind]
    return project.root / pattern.replace("*", name)


def _pattern(project: Project, kind: str, name: str) -> str:
    """Where a manifest is, with ``*`` for its name; empty where its name is not in its path."""
    origin = project.origins[kind, name]
    if origin.declared_at:
        return ""  # in Python
    path = origin.file.relative_to(project.root)
    parts = ["*" if part == name else part for part in path.with_suffix("").parts]
    return Path(*parts).as_posix() + path.suffix if "*" in parts else ""
