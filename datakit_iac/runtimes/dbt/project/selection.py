"""Which files a dbt selection means, found by their names; dbt's graph and its configuration are not asked.

This serves previews, which must be quick; dbt itself selects when it builds. The rules are those of dbt's methods
`fqn`, `path` and `file`, and of the method it takes where none is named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

from datakit_iac.runtimes.dbt.project.configuration import SELECTORS
from datakit_iac.runtimes.dbt.project.dbt_project import DbtProject
from datakit_iac.runtimes.dbt.project.node import Node

_SNAPSHOT: Final = re.compile(r"\{%[-+]?\s*snapshot\s+(\w+)")
_METHOD: Final = re.compile(r"^(?:([\w.]+):)?(.*)$", re.DOTALL)
_WILDCARD: Final = re.compile(r"[*?\[\]]")
_UNDERSTOOD: Final = ("fqn", "path", "file")


@dataclass(frozen=True, slots=True)
class Selection:
    """What was selected.

    Attributes:
        nodes: the nodes, by path.
        exact: whether these are just the nodes that dbt would take; else they are all there are, to be safe.
    """

    nodes: tuple[Node, ...]
    exact: bool


def select(project: DbtProject, chosen: Sequence[str], excluded: Sequence[str] = ()) -> Selection:
    """The nodes that dbt would build for ``--select chosen --exclude excluded``; nothing chosen means everything."""
    plain = all(_is_understood(project, each) for each in (*_words(chosen), *_words(excluded)))
    # Where nothing is chosen, dbt takes the default of the project's selectors, if there is one.
    by_default = not chosen and not excluded and (project.root / SELECTORS).is_file()
    if not plain or by_default or _renames(project):
        return Selection(project.nodes, exact=False)
    taken = _union(project, chosen) if chosen else set(project.nodes)
    left = taken - _union(project, excluded)
    return Selection(tuple(node for node in project.nodes if node in left), exact=True)


def _union(project: DbtProject, words: Sequence[str]) -> set[Node]:
    # As on dbt's command line: a space unites, a comma intersects.
    return {
        node
        for word in _words(words)
        for node in project.nodes
        if all(_matches(project, node, s) for s in _parts(word))
    }


def _words(selectors: Iterable[str]) -> list[str]:
    return [word for selector in selectors for word in selector.split()]


def _parts(word: str) -> list[str]:
    return [part for part in word.split(",") if part]


def _method(selector: str) -> tuple[str, str]:
    match = _METHOD.match(selector)
    named, value = match.groups() if match else (None, selector)
    if named is not None:
        return named, value
    if "/" in value:
        return "path", value
    return ("file", value) if value.lower().endswith((".sql", ".py", ".csv")) else ("fqn", value)


def _is_understood(project: DbtProject, word: str) -> bool:
    for selector in _parts(word):
        method, value = _method(selector)
        if method not in _UNDERSTOOD or value.startswith(("+", "@")) or re.search(r"^\d+\+|\+\d*$", value):
            return False
        if selector.startswith(("+", "@")) or (method == "path" and _names_properties(project, value)):
            return False
    return True


def _names_properties(project: DbtProject, value: str) -> bool:
    # dbt takes a property file's path for all the nodes described in it.
    return any(path.suffix in (".yml", ".yaml") for path in _globbed(project, value))


def _renames(project: DbtProject) -> bool:
    """Whether nodes have names that their files do not show: some snapshots, and versions of models."""
    snapshots = [node for node in project.nodes if node.kind == "snapshot"]
    if any(_SNAPSHOT.findall(project.text(node.file)) != [node.name] for node in snapshots):
        return True
    if {str(entry.get("name")) for entry in project.entries("snapshots")} - {node.name for node in snapshots}:
        return True
    return any(entry.get("versions") for entry in project.entries("models"))


def _matches(project: DbtProject, node: Node, selector: str) -> bool:
    method, value = _method(selector)
    return _METHODS[method](project, node, value)


def _by_fqn(_: DbtProject, node: Node, value: str) -> bool:
    return _fqn_matches(node.fqn, value) or _fqn_matches(node.fqn[1:], value)


def _fqn_matches(fqn: tuple[str, ...], value: str) -> bool:
    if fqn[-1] == value:
        return True
    have, wanted = [part for segment in fqn for part in segment.split(".")], value.split(".")
    if len(have) < len(wanted):
        return False
    for index, part in enumerate(wanted):
        if _WILDCARD.search(part):
            rest = fnmatch(".".join(have[index:]), ".".join(wanted[index:]))
            return rest or (len(wanted) == 1 and fnmatch(fqn[-1], value))
        if have[index] != part:
            return False
    return True


def _by_path(project: DbtProject, node: Node, value: str) -> bool:
    paths = _globbed(project, value)
    return node.file in paths or any(parent in paths for parent in node.file.parents)


def _globbed(project: DbtProject, value: str) -> set[Path]:
    try:
        return {path.relative_to(project.root) for path in project.root.glob(value.rstrip("/"))}
    except (ValueError, NotImplementedError):  # an empty or absolute pattern, or one that leaves the project
        return set()


def _by_file(_: DbtProject, node: Node, value: str) -> bool:
    return fnmatch(node.file.name, value) or fnmatch(node.file.stem, value)


_METHODS: Final[dict[str, Callable[[DbtProject, Node, str], bool]]] = {
    "fqn": _by_fqn,
    "path": _by_path,
    "file": _by_file,
}
