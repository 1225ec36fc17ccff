"""The overlay: a dbt project of links to the user's files, with the sources that come from DataSets added.

The user's folder is never written to. Links keep each file at its own path below the project, so that dbt's messages,
selections by path and configurations by folder mean the same in both; files are linked one by one, because dbt does
not follow links to folders.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from datakit_iac.runtimes.dbt.profile import split
from datakit_iac.runtimes.dbt.project import CONFIGURATION, DbtProject, Node
from datakit_iac.technologies.bound import BoundDataSet, DataSetReference

_GENERATED: Final = "datakit_sources"
_NOWHERE: Final = "datakit_undeclared"
_LEFT_OUT: Final = frozenset({"target", "logs", ".git", ".venv", "venv", "__pycache__", ".datakit", _GENERATED})
_DUMPER: Final = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def build(project: DbtProject, folder: Path, sources: Mapping[str, Any]) -> None:
    """Make `folder` the overlay of a project, changing only what differs, so that dbt need not parse the rest again.

    Args:
        project: the user's project.
        folder: where the overlay is kept.
        sources: what `sources` made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    links = dict(_links(project))
    written = {Path(CONFIGURATION): _configuration(project)}
    written |= {Path(_GENERATED, file): content for file, content in sources.items()}
    for stale in set(_present(folder)) - {*links, *written}:
        (folder / stale).unlink()
    for path, goal in links.items():
        _link(folder / path, goal)
    for path, content in written.items():
        _write(folder / path, content)
    _remove_empty(folder)


def sources(
    project: DbtProject, datasets: Sequence[BoundDataSet | DataSetReference], databases: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The sources of a project, by file: each DataSet as ``source('<store>', '<dataset>')``, with `-` written as `_`.

    What the project declares itself is left to it. A source that a model names but nobody declares gets a place
    nowhere, so that dbt can read the models that are not of this job; `undeclared` finds it in those that are.
    The order is that of names, whatever the order of `datasets`.
    """
    own = project.declared_sources
    stores: dict[str, dict[str, Any]] = {}
    for store, name in sorted({pair for node in project.nodes for pair in project.sources(node)} - own):
        stores.setdefault(store, {})[name] = {"schema": _NOWHERE, "identifier": name}
    for dataset in sorted(datasets, key=lambda each: (each.store, each.name)):
        store, name = named(dataset)
        if dataset.place.table is not None and (store, name) not in own:
            schema, identifier = split(dataset.place.table)
            stores.setdefault(store, {})[name] = {"schema": schema, "identifier": identifier}
    others = {store.replace("-", "_"): database for store, database in (databases or {}).items()}
    return {
        f"{store}.{entry['schema']}.yml": {"version": 2, "sources": [entry]}
        for store in sorted(stores)
        for entry in _entries(store, stores[store], others.get(store))
    }


def named(dataset: BoundDataSet | DataSetReference) -> tuple[str, str]:
    """The two names by which models refer to a DataSet."""
    return dataset.store.replace("-", "_"), dataset.name.replace("-", "_")


def undeclared(project: DbtProject, nodes: Sequence[Node], inputs: Sequence[BoundDataSet]) -> list[str]:
    """What nodes read without it being an input, each as one sentence."""
    known = {*map(named, inputs)} | project.declared_sources
    return [
        f"{project.root / node.file} reads source('{store}', '{name}'), which is no input; "
        f"add DataSet {name.replace('_', '-')} of Store {store.replace('_', '-')} to `inputs`"
        for node in nodes
        for store, name in sorted(project.sources(node) - known)
    ]


def _entries(store: str, tables: Mapping[str, Mapping[str, str]], database: str | None) -> Iterator[dict[str, Any]]:
    # A source has one schema, but may be declared in several parts: each in a file of its own, since dbt's partial
    # parse loses tables where two parts of one name stand in one file.
    for schema in sorted({table["schema"] for table in tables.values()}):
        entry: dict[str, Any] = {"name": store, "schema": schema}
        if database:
            entry["database"] = database
        entry["tables"] = [
            {"name": name, "identifier": table["identifier"]}
            for name, table in sorted(tables.items())
            if table["schema"] == schema
        ]
        yield entry


def _configuration(project: DbtProject) -> dict[str, Any]:
    paths = project.paths("model")
    # A model path that is the project's folder itself holds the generated folder already.
    extra = () if any(Path(path) == Path() for path in paths) else (_GENERATED,)
    return {**project.configuration, "model-paths": [*paths, *extra]}


def _links(project: DbtProject) -> Iterator[tuple[Path, Path]]:
    root = project.root.absolute()
    for current, folders, files in os.walk(root):
        folders[:] = sorted(set(folders) - _LEFT_OUT)
        for name in files:
            path = Path(current, name)
            if path != root / CONFIGURATION:
                yield path.relative_to(root), path


def _present(folder: Path) -> list[Path]:
    return [Path(current, name).relative_to(folder) for current, _, files in os.walk(folder) for name in files]


def _link(link: Path, goal: Path) -> None:
    if link.is_symlink() and link.readlink() == goal:
        return
    link.unlink(missing_ok=True)
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(goal)


def _write(file: Path, content: Mapping[str, Any]) -> None:
    text = yaml.dump(content, Dumper=_DUMPER, sort_keys=False, allow_unicode=True)
    if not file.is_file() or file.read_text(encoding="utf-8") != text:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def _remove_empty(folder: Path) -> None:
    for current, _, _ in os.walk(folder, topdown=False):
        path = Path(current)
        if path != folder and not any(path.iterdir()):
            path.rmdir()
