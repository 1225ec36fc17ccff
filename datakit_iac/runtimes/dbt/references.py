"""What selected models refer to although another job makes it, and outputs that none of them makes.

This serves previews, and goes by the files alone. What it names is certain; what it cannot judge it leaves to the
worker, which knows the graph that dbt parsed and says so before anything is built.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from datakit_iac.contract.dataset import BoundDataSet, DataSetReference
from datakit_iac.runtimes.dbt.graph import without_comments
from datakit_iac.runtimes.dbt.profile import relation
from datakit_iac.runtimes.dbt.project.dbt_project import DbtProject
from datakit_iac.runtimes.dbt.project.node import Node

_REF: Final = re.compile(
    r"""\bref\s*\(\s*(?:['"](?P<package>[^'"]*)['"]\s*,\s*)?['"](?P<name>[^'"]+)['"]\s*(?P<more>[,)])"""
)
_ALIAS: Final = re.compile(r"""\balias\s*[=:]\s*['"]?(\w+)""")
_RENAMING: Final = re.compile(r"\bgenerate_alias_name\b")


def unlisted(
    project: DbtProject,
    nodes: Sequence[Node],
    inputs: Sequence[BoundDataSet],
    known: Iterable[BoundDataSet | DataSetReference] = (),
) -> list[str]:
    """What selected nodes refer to that is neither selected nor an input, each as one sentence.

    Args:
        project: the project.
        nodes: the nodes that are selected, all of them.
        inputs: the DataSets that are read.
        known: further DataSets, to suggest the DataSet that is meant.
    """
    if _renames(project):
        return []
    others = {node.name: node for node in project.nodes if node.kind in ("model", "seed")}
    for node in nodes:
        others.pop(node.name, None)
    there = {name for dataset in inputs for name in _names(dataset)}
    return [
        f"{project.root / node.file} reads ref('{other.name}'), which is built elsewhere and is not an input; "
        f"add DataSet {_dataset(project, other, known)} to `inputs`, or select the model too"
        for node in nodes
        for other in _referred(project, node, others)
        if not _called(project, other) & there
    ]


def unmade(project: DbtProject, nodes: Sequence[Node], outputs: Sequence[BoundDataSet]) -> list[str]:
    """Outputs that no selected node makes, each as one sentence; none where aliases make names uncertain."""
    built = [node for node in nodes if node.kind != "test"]
    if _renames(project) or any("alias" in text for node in built for text in _said(project, node)):
        return []
    names = {node.name.lower() for node in built}
    selected = ", ".join(sorted(node.name for node in built)[:5]) or "none"
    return [
        f"no selected model makes DataSet {dataset.name} ({dataset.place}): "
        f"give its model the name or the alias {relation(dataset)[1]}; selected are {selected}"
        for dataset in outputs
        if not names & _names(dataset)
    ]


def beside(project: DbtProject, nodes: Sequence[Node], outputs: Sequence[BoundDataSet]) -> tuple[str, ...]:
    """The selected models, seeds and snapshots that are none of the outputs, as far as names tell."""
    if _renames(project):
        return ()
    there = {name for dataset in outputs for name in _names(dataset)}
    made = (node for node in nodes if node.kind != "test" and not may_be_ephemeral(project, node))
    return tuple(sorted(node.name for node in made if not _called(project, node) & there))


def _renames(project: DbtProject) -> bool:
    """Whether only dbt knows the tables' names."""
    return any(_RENAMING.search(project.text(file)) for file in project.shared if file.suffix.lower() == ".sql")


def _referred(project: DbtProject, node: Node, others: Mapping[str, Node]) -> Iterator[Node]:
    if node.kind == "seed":
        return
    text = project.text(node.file)
    text = without_comments(text) if node.file.suffix.lower() == ".sql" else re.sub(r"#[^\n]*", "", text)
    plain = {
        match["name"]
        for match in _REF.finditer(text)
        if match["more"] == ")" and match["package"] in (None, project.name)
    }
    for name in sorted(plain & others.keys()):
        if not may_be_ephemeral(project, others[name]):
            yield others[name]


def may_be_ephemeral(project: DbtProject, node: Node) -> bool:
    """Whether something says so of a model, in its file, its properties or the configuration."""
    return node.kind == "model" and any("ephemeral" in text for text in _said(project, node))


def _said(project: DbtProject, node: Node) -> list[str]:
    section = f"{node.kind}s"
    entries = [entry for entry in project.entries(section) if entry.get("name") == node.name]
    said: list[Any] = [project.configuration.get(section), entries]
    return [project.text(node.file) if node.kind in ("model", "snapshot") else "", *(str(each) for each in said)]


def _called(project: DbtProject, node: Node) -> set[str]:
    """The names that a node or its table may have, in lower case."""
    entries = (entry for entry in project.entries(f"{node.kind}s") if entry.get("name") == node.name)
    configured = (each for entry in entries for each in (entry.get("alias"), (entry.get("config") or {}).get("alias")))
    in_file = _ALIAS.findall(project.text(node.file)) if node.kind == "model" else []
    aliases = _ALIAS.findall(str(project.configuration.get(f"{node.kind}s")).replace("'", ""))
    return {str(name).lower() for name in (node.name, *in_file, *aliases, *configured) if name}


def _names(dataset: BoundDataSet | DataSetReference) -> set[str]:
    return {relation(dataset)[1].lower(), dataset.name.replace("-", "_").lower()}


def _dataset(project: DbtProject, node: Node, known: Iterable[BoundDataSet | DataSetReference]) -> str:
    found = sorted(dataset.name for dataset in known if _called(project, node) & _names(dataset))
    return found[0] if found else node.name.replace("_", "-")
