"""Edits of Transforms, of who makes what, and of places."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from tests.model.edits.deliveries import value
from tests.model.project import DataSet, Load, Project, Source

MODES: Final = ("overwrite-delete-stale", "overwrite", "append")


def in_mode(project: Project, load: str, mode: str) -> Project | None:
    """A load writes in another mode; what is appended has no key, what is overwritten needs one."""
    found = project.loads[load]
    if found.mode == mode or len(project.makers(found.target)) > 1:
        return None
    dataset = project.datasets[found.target]
    columns = dataset.with_column(dataset.columns[_key(dataset)].name, key=mode != "append").columns
    if mode == "overwrite" and found.mode == "append":
        return None  # rows with one key twice would stay
    project = project.edited("datasets", found.target, columns=columns)
    return project.edited("loads", load, mode=mode)


def _key(dataset: DataSet) -> int:
    places = [n for n, column in enumerate(dataset.columns) if column.key or column.name.startswith("id")]
    return places[0]


def with_second_writer(project: Project) -> Project | None:
    """A second load fills people, or does so no longer."""
    if "more" in project.loads:
        return replace(project, loads={key: load for key, load in project.loads.items() if key != "more"})
    first = project.loads["people"]
    if first.mode != "overwrite-delete-stale":
        return None
    header = project.sources["people"].header
    rows = (("101", *(value("more", name, n) for n, name in enumerate(header[1:]))),)
    if header[0] not in {column.name for column in project.datasets["people"].columns if column.key}:
        return None
    project = replace(project, sources={**project.sources, "more": Source(header, {"one.csv": rows})})
    return replace(project, loads={**project.loads, "more": Load("load-more", "more", "people")})


def made_by(project: Project, maker: str) -> Project | None:
    """The DataSet extra is made by a load, by dbt as a table or a view, or not at all."""
    if project.extra == maker:
        return None
    loads = {key: load for key, load in project.loads.items() if key != "spare"}
    if maker == "load":
        loads["spare"] = Load("load-spare", "spare", "extra")
    elif maker:
        project = project.edited("models", "extra", names=dict(project.models["named"].names))
    return replace(project, loads=loads, extra=maker)  # type: ignore[arg-type]  # one of them


def exchanged(project: Project, one: str, other: str) -> Project:
    """Two DataSets have each other's table."""
    tables = {one: project.datasets[other].table, other: project.datasets[one].table}
    for key, table in tables.items():
        project = project.edited("datasets", key, table=table)
    return project


def reverted(project: Project, version: Project) -> Project | None:
    """An earlier version, with leave to lose the columns that came since; None where it would lose more."""
    consents = {}
    for key, dataset in project.datasets.items():
        old = version.datasets[key]
        if (dataset.name, dataset.place) != (old.name, old.place):
            return None
        types = {column.name: column.type for column in dataset.columns}
        if any(types.get(column.name, column.type) != column.type for column in old.columns):
            return None
        names = {column.name for column in old.columns}
        consents[key] = tuple(f"column/{name}" for name in types if name not in names)
    for key, load in project.loads.items():
        if key in version.loads and (load.mode, version.loads[key].mode) == ("append", "overwrite"):
            return None
    for key, leave in consents.items():
        version = version.edited("datasets", key, consents=leave)
    return replace(version, deletion=project.deletion)
