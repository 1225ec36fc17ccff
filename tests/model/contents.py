"""What a load delivers and what a model gives, in plain Python."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from tests.model.project import Load, Project
from tests.model.values import MisfitError, Table, Value, read

Tables = Mapping[str, Table]
"""Tables by their address."""


def delivered(project: Project, load: Load) -> Iterator[dict[str, Value]]:
    """What a source delivers, as its DataSet's columns have it.

    Raises:
        MisfitError: a value does not fit, a column is missing, or a key comes twice.
    """
    dataset, source = project.datasets[load.target], project.sources[load.source]
    lacking = [column.name for column in dataset.columns if column.name not in source.header]
    if lacking:
        raise MisfitError(f"{load.source} lacks {lacking}")
    keys = set()
    for row in source.rows():
        values = {column.name: read(row[column.name], column) for column in dataset.columns}
        key = tuple(values[column.name] for column in dataset.columns if column.key)
        if key and key in keys:
            raise MisfitError(f"the key {key} comes twice")
        keys.add(key)
        yield values


def identity(project: Project, load: Load) -> object:
    """What a load computes of what; two loads of one identity give the same rows."""
    dataset, source = project.datasets[load.target], project.sources[load.source]
    columns = frozenset((each.name, each.type, each.key, each.required) for each in dataset.columns)
    files = frozenset((file, source.header, rows) for file, rows in source.files.items())
    return (load.mode, load.source, dataset.place, columns, files)


def modelled(project: Project, key: str, tables: Tables) -> Iterator[dict[str, Value]]:
    """What a model gives.

    Raises:
        MisfitError: it reads a column that its input does not have.
    """
    model = project.models[key]
    if key == "totals":
        yield from _totals(project, tables)
        return
    of = "sales" if key == "big" else "people"
    table = tables[project.datasets[of].place]
    wanted = {*model.names.values(), *(column for _, column in model.exposed)}
    if lacking := wanted - set(table.columns):
        raise MisfitError(f"{key} reads {sorted(lacking)}, which {of} does not have")
    names, told = model.names, project.warehouse.told
    for row in table.rows:
        exposed = {name: _told(told(table.columns[column]), row.values[column]) for name, column in model.exposed}
        if key == "big":
            amount = row.values[names["amount"]]
            if amount is None or Decimal(amount) <= 0:
                continue
            kind = told(table.columns[names["amount"]])
            yield {"person": row.values[names["person"]], "shown": _text(amount), "kind": kind, **exposed}
        elif key == "named":
            yield {"person": row.values[names["id"]], "name": row.values[names["name"]], **exposed}
        else:
            yield {"id": row.values[names["id"]], "name": row.values[names["name"]]}


def _totals(project: Project, tables: Tables) -> Iterator[dict[str, Value]]:
    names = project.models["totals"].names
    groups: dict[Value, list[tuple[str, str]]] = {}
    for big in values(project, "big", tables):
        for named in values(project, "named", tables):
            if big["person"] is not None and big["person"] == named["person"]:
                groups.setdefault(named[names["name"]], []).append((str(big["shown"]), str(big["kind"])))
    for name, found in groups.items():
        least, kind = min(shown for shown, _ in found), max(kind for _, kind in found)
        yield {"name": name, "sales": len(found), "least": least, "kind": kind}


def _told(type_: str, value: Value) -> str | None:
    return None if value is None else f"{type_} {value}"


def _text(value: Value) -> str | None:
    return None if value is None else str(value)


def values(project: Project, key: str, tables: Tables) -> list[Mapping[str, Value]]:
    """The rows of a DataSet."""
    table = tables.get(project.datasets[key].place)
    return [row.values for row in table.rows] if table else []
