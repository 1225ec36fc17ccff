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
from datakit_iac.runtimes.dbt.project import CONFIGURATION, DbtProject
from datakit_iac.technologies.bound import BoundDataSet

_GENERATED: Final = "datakit_sources"
_LEFT_OUT: Final = frozenset({"target", "logs", ".git", ".venv", "venv", "__pycache__", ".datakit", _GENERATED})
_DUMPER: Final = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def build(project: DbtProject, folder: Path, sources: Mapping[str, Any]) -> None:
    """Make `folder` the overlay of a project, changing only what differs, so that dbt need not parse the rest again."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = dict(_links(project))
    for stale in [path for path in _present(folder) if wanted.get(path) is None]:
        (folder / stale).unlink()
    for path, goal in wanted.items():
        _link(folder / path, goal)
    _write(folder / CONFIGURATION, _configuration(project))
    _write(folder / _GENERATED / "sources.yml", dict(sources))
    _remove_empty(folder)


def sources(
    project: DbtProject, datasets: Sequence[BoundDataSet], databases: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The sources of a project: each DataSet as ``source('<store>', '<dataset>')``, with `-` written as `_`.

    What the project declares itself is left to it. The order is that of names, whatever the order of `datasets`.
    """
    own = {(entry.get("name"), table.get("name")) for entry in project.entries("sources") for table in _tables(entry)}
    stores: dict[str, dict[str, Any]] = {}
    for dataset in sorted(datasets, key=lambda each: (each.store, each.name)):
        store, name = dataset.store.replace("-", "_"), dataset.name.replace("-", "_")
        if dataset.place.table is not None and (store, name) not in own:
            schema, identifier = split(dataset.place.table)
            config = {"schema": schema, "identifier": identifier}
            stores.setdefault(dataset.store, {})[name] = config
    listed = [
        entry for store, tables in stores.items() for entry in _entries(store, tables, (databases or {}).get(store))
    ]
    return {"version": 2, "sources": listed}


def _entries(store: str, tables: Mapping[str, Mapping[str, str]], database: str | None) -> Iterator[dict[str, Any]]:
    # A source of dbt has one schema, but it may be declared in several parts.
    for schema in sorted({table["schema"] for table in tables.values()}):
        entry: dict[str, Any] = {"name": store.replace("-", "_"), "schema": schema}
        if database:
            entry["database"] = database
        entry["tables"] = [
            {"name": name, "identifier": table["identifier"]}
            for name, table in tables.items()
            if table["schema"] == schema
        ]
        yield entry


def _tables(source: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for table in source.get("tables") or ():
        if isinstance(table, dict):
            yield table


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
    return [
        Path(current, name).relative_to(folder)
        for current, _, files in os.walk(folder)
        for name in files
        if Path(current, name).is_symlink()
    ]


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
