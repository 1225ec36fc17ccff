"""The digest of what a dbt job computes: of the files that decide it, and of nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any, Final

from datakit_iac.runtimes.dbt.project import given
from datakit_iac.runtimes.dbt.project.configuration import CONFIGURATION
from datakit_iac.runtimes.dbt.project.dbt_project import DbtProject
from datakit_iac.runtimes.dbt.project.macros import Macro, templated, used, words
from datakit_iac.runtimes.dbt.project.node import Node, refs_in
from datakit_iac.runtimes.dbt.project.selection import Selection
from datakit_iac.runtimes.dbt.references import may_be_ephemeral

_SECTIONS: Final = {"model": "models", "seed": "seeds", "snapshot": "snapshots", "test": "data_tests"}
_FOR_PEOPLE: Final = frozenset({"description", "docs", "meta"})
_ASKED: Final = (*_FOR_PEOPLE, "graph")
_NOT_READ: Final = (".sql", ".md")
_PLACES: Final = frozenset(
    {
        "profile", "target-path", "log-path", "clean-targets", "packages-install-path", "docs-paths", "asset-paths",
        "require-dbt-version", "version", "query-comment", "exposures",
    }
)  # fmt: skip
"""Keys of `dbt_project.yml` that say where files are or which tools are used, not what is computed."""


def digest(project: DbtProject, selection: Selection, others: Mapping[str, Any]) -> str:
    """The digest of a job: its files, the properties of its nodes, and `others` that the caller adds (plain JSON)."""
    nodes = [*selection.nodes, *_inlined(project, selection.nodes)]
    nodes += _tests_of(project, nodes)
    own = [project.text(node.file) for node in nodes if node.kind != "seed"]
    of_macros = set(project.macro_files)
    whole = [file for file in project.shared if file not in of_macros]
    texts = [*own, *(project.text(file) for file in whole if file.suffix != ".csv")]
    said = [*_strings(project.configuration), *_strings(_properties(project, nodes, _FOR_PEOPLE))]
    macros = used(project, [*texts, *said])
    whole += _read(project, nodes, macros)
    asked = words(_templates([*nodes, *whole], project, [*said, *(macro.text for macro in macros)]))
    if "graph" in asked:
        nodes = [*project.nodes]
    # What is for people only is left out where no template asks for it.
    left = frozenset() if "graph" in asked else _FOR_PEOPLE - asked
    parts = {
        "configuration": _configuration(project, left),
        "files": {str(file): given.content(project.place(file)) for file in (*(node.file for node in nodes), *whole)},
        "macros": sorted({(macro.name, macro.text) for macro in macros}),
        "properties": [*project.properties] if "graph" in asked else _properties(project, nodes, left),
        "others": others,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def _read(project: DbtProject, nodes: Sequence[Node], macros: Sequence[Macro]) -> list[Path]:
    """What the job may read beside dbt's own files; where it is in Python, all that is not SQL and no property file."""
    texts = [(node.file.suffix.lower(), project.text(node.file)) for node in nodes if node.kind != "seed"]
    if any(suffix == ".py" for suffix, _ in texts):
        left = {*(node.file for node in project.nodes), *project.described_by, *project.shared, Path(CONFIGURATION)}
        return [file for file in given.files(project) if file not in left and file.suffix.lower() not in _NOT_READ]
    return sorted(given.mentioned(project, [*texts, *((".sql", macro.text) for macro in macros)]))


def _templates(files: Sequence[Node | Path], project: DbtProject, texts: Iterable[str]) -> Iterator[str]:
    """What templates evaluate, where it may ask for what is not data; of Python, all of it."""
    said = [*texts]
    for each in files:
        file = each if isinstance(each, Path) else each.file
        if file.suffix.lower() == ".py":
            yield project.text(file)
        elif file.suffix.lower() == ".sql":
            said.append(project.text(file))
    yield from (templated(text) for text in said if any(word in text for word in _ASKED))


def _strings(value: Any) -> Iterator[str]:
    """All that is said in a value of YAML: keys and texts."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield str(key)
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
    elif isinstance(value, str):
        yield value


def _configuration(project: DbtProject, left: frozenset[str]) -> Any:
    top = _without(project.configuration, _PLACES | {"+meta", "+docs"})
    return _deeply_without(top, frozenset(f"+{key}" for key in left))


def _deeply_without(value: Any, keys: frozenset[str]) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: _deeply_without(each, keys) for key, each in value.items() if key not in keys}


def _inlined(project: DbtProject, selected: tuple[Node, ...]) -> Iterator[Node]:
    """Models that are not selected but become part of those that are, being ephemeral."""
    by_name = {node.name: node for node in project.nodes if node.kind == "model"}
    in_macros = {name for file in project.shared for name in refs_in(project.text(file))}
    seen = set(selected)
    waiting = list(selected)
    names = in_macros
    while waiting or names:
        names |= set().union(*(project.refs(node) for node in waiting))
        waiting = [by_name[name] for name in sorted(names) if name in by_name and by_name[name] not in seen]
        waiting = [node for node in waiting if may_be_ephemeral(project, node)]
        seen |= set(waiting)
        names = set()
        yield from waiting


def _tests_of(project: DbtProject, nodes: list[Node]) -> list[Node]:
    names = {node.name for node in nodes}
    tests = (node for node in project.nodes if node.kind == "test" and node not in nodes)
    return [test for test in tests if project.refs(test) & names]


def _properties(project: DbtProject, nodes: list[Node], left: frozenset[str]) -> dict[str, Any]:
    names = {kind: {node.name for node in nodes if node.kind == kind} for kind in _SECTIONS}
    found: dict[str, Any] = {
        section: _by_name(project, section, names[kind], left) for kind, section in _SECTIONS.items()
    }
    # Snapshots in YAML have no file; where there are any, all count.
    found["snapshots"] = [_computed(entry, left) for entry in project.entries("snapshots")]
    sources = {source for node in nodes for source, _ in project.sources(node)}
    found["sources"] = [_computed(entry, left) for entry in project.entries("sources") if entry.get("name") in sources]
    found["unit_tests"] = [
        _without(entry, left) for entry in project.entries("unit_tests") if entry.get("model") in names["model"]
    ]
    return found


def _by_name(project: DbtProject, section: str, names: Set[str], left: frozenset[str]) -> dict[str, Any]:
    """The entries of the named nodes; several of one name stay several, of which dbt would take none."""
    entries: dict[str, list[Any]] = {}
    for entry in project.entries(section):
        if entry.get("name") in names:
            entries.setdefault(entry["name"], []).append(_computed(entry, left))
    return {name: several[0] if len(several) == 1 else several for name, several in entries.items()}


def _computed(entry: Mapping[str, Any], people: frozenset[str]) -> dict[str, Any]:
    """An entry of a property file without what is for people only, here and in its columns, tables and tests."""
    left = _without(entry, people)
    if isinstance(left.get("config"), dict):
        left["config"] = _without(left["config"], people)
        if not left["config"]:
            del left["config"]
    for key in ("columns", "tables", "versions", "tests", "data_tests"):
        if isinstance(left.get(key), list):
            left[key] = [_nested(each, people) for each in left[key]]
    return left


def _nested(entry: Any, people: frozenset[str]) -> Any:
    if not isinstance(entry, dict):
        return entry
    if len(entry) == 1:
        # A test with arguments: `{accepted_values: {…}}`.
        ((name, arguments),) = entry.items()
        return {name: _computed(arguments, people) if isinstance(arguments, dict) else arguments}
    return _computed(entry, people)


def _without(mapping: Mapping[str, Any], keys: frozenset[str]) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if key not in keys}
