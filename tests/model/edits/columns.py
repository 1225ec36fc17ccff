"""Edits of columns. One of people or sales is in the header of what is loaded, too."""

from __future__ import annotations

from typing import Final

from tests.model.project import Column, Project

AMOUNTS: Final = ("decimal(6,1)", "decimal(8,2)", "decimal(10,3)")
INTEGERS: Final = ("smallint", "integer", "bigint")


def with_column(project: Project, key: str, name: str, kind: str, at: int) -> Project | None:
    """A column more, with values."""
    dataset = project.datasets[key]
    if any(column.name == name for column in dataset.columns) or _ever(project, key, name):
        return None
    place = at % (len(dataset.columns) + 1)
    columns = (*dataset.columns[:place], Column(name, kind), *dataset.columns[place:])
    project = project.edited("datasets", key, columns=columns)
    for source in _sources(project, key):
        found = project.sources[source]
        if name not in found.header:
            files = {file: tuple((*row, str(n)) for n, row in enumerate(rows)) for file, rows in found.files.items()}
            project = project.edited("sources", source, header=(*found.header, name), files=files)
    return project


def _ever(project: Project, key: str, name: str) -> bool:
    return any(name in column.previous for column in project.datasets[key].columns)


def without_column(project: Project, key: str, name: str, *, consented: bool) -> Project | None:
    """A column less; the files keep it."""
    dataset = project.datasets[key]
    if name in _needed(project, key) or all(column.name != name for column in dataset.columns):
        return None
    consents = (f"column/{name}",) if consented else ()
    columns = tuple(column for column in dataset.columns if column.name != name)
    return project.edited("datasets", key, columns=columns, consents=consents)


def _needed(project: Project, key: str) -> set[str]:
    dataset = project.datasets[key]
    needed = {column.name for column in dataset.columns if column.key} | {dataset.columns[0].name}
    for model in project.models.values():
        needed |= {*model.names.values(), *(of for _, of in model.exposed)}
    return needed


def renamed_column(project: Project, key: str, old: str, new: str, *, forgotten: bool = False) -> Project | None:
    """A column has another name, in the files and in the models, unless those are forgotten."""
    dataset = project.datasets[key]
    names = {column.name for column in dataset.columns}
    if old not in names or new in names or _ever(project, key, new):
        return None
    known = dataset.column(old).previous
    project = project.edited(
        "datasets", key, columns=dataset.with_column(old, name=new, previous=(old, *known)).columns
    )
    for source in _sources(project, key):
        header = project.sources[source].header
        if new in header:
            return None
        project = project.edited("sources", source, header=tuple(new if name == old else name for name in header))
    readers = [reader for reader in _readers(key) if _reads(project, reader, old)]
    if forgotten:
        return project if readers else None
    for reader in readers:
        model = project.models[reader]
        names_ = {use: new if name == old else name for use, name in model.names.items()}
        exposed = tuple((name, new if of == old else of) for name, of in model.exposed)
        project = project.edited("models", reader, names=names_, exposed=exposed)
    return project


def _readers(key: str) -> tuple[str, ...]:
    return {"people": ("named", "extra"), "sales": ("big",)}.get(key, ())


def _reads(project: Project, reader: str, name: str) -> bool:
    model = project.models[reader]
    is_there = reader != "extra" or project.extra in ("table", "view")
    return is_there and (name in model.names.values() or any(of == name for _, of in model.exposed))


def _sources(project: Project, key: str) -> list[str]:
    return [load.source for load in project.loads.values() if load.target == key]


def reordered(project: Project, key: str, seed: int) -> Project:
    """The columns of a contract stand in another order."""
    columns = project.datasets[key].columns
    place = 1 + seed % (len(columns) - 1)
    return project.edited("datasets", key, columns=columns[place:] + columns[:place])


def widened(project: Project, key: str) -> Project | None:
    """The first column that can has a wider type; others refer to keys and persons."""
    for column in project.datasets[key].columns:
        for chain in (AMOUNTS, INTEGERS):
            if column.type in chain[:-1] and not column.name.startswith(("id", "person")):
                wider = chain[chain.index(column.type) + 1]
                columns = project.datasets[key].with_column(column.name, type=wider).columns
                return project.edited("datasets", key, columns=columns)
    return None


def narrowed(project: Project, key: str) -> Project | None:
    """A column has a narrower type that holds all its values, by consent."""
    for column in project.datasets[key].columns:
        if column.type in INTEGERS[1:] and not column.name.startswith(("id", "person")):
            dataset = project.datasets[key].with_column(column.name, type=INTEGERS[INTEGERS.index(column.type) - 1])
            leave = (f"column/{column.name}",)
            return project.edited("datasets", key, columns=dataset.columns, consents=leave)
    return None


def required(project: Project, key: str, name: str, *, needed: bool) -> Project | None:
    """A column must have a value, or need not any more."""
    dataset = project.datasets[key]
    found = [column for column in dataset.columns if column.name == name and column.required != needed]
    if not found or found[0].key:
        return None
    return project.edited("datasets", key, columns=dataset.with_column(name, required=needed).columns)


def shifted(project: Project, key: str, one: str, other: str, last: str) -> Project | None:
    """One column takes the name of another, which has a new name."""
    dataset = project.datasets[key]
    names = {column.name for column in dataset.columns}
    if not {one, other} <= names or {one, other} & _needed(project, key) or last in names or _ever(project, key, last):
        return None
    if dataset.column(one).previous or dataset.column(other).previous:
        return None
    dataset = dataset.with_column(other, name=last, previous=(other,))
    dataset = dataset.with_column(one, name=other, previous=(one,))
    project = project.edited("datasets", key, columns=dataset.columns)
    for source in _sources(project, key):
        header = project.sources[source].header
        if last in header:
            return None
        new = {one: other, other: last}
        project = project.edited("sources", source, header=tuple(new.get(name, name) for name in header))
    return project


def with_failing_test(project: Project, key: str) -> Project:
    """A DataSet must have more rows than it has."""
    return project.edited("datasets", key, tests=({"row_count": {"min": 999}},))


def described(project: Project, key: str, text: str) -> Project:
    """Another description of a DataSet and of its last column."""
    dataset = project.datasets[key]
    dataset = dataset.with_column(dataset.columns[-1].name, description=text)
    return project.edited("datasets", key, description=text, columns=dataset.columns)


def exposed(project: Project, model: str, of: str, name: str) -> Project | None:
    """A model has a column more: type and text of a column that it reads."""
    dataset = project.datasets[model]
    source = project.datasets["sales" if model == "big" else "people"]
    if of not in {column.name for column in source.columns} or name in {column.name for column in dataset.columns}:
        return None
    project = project.edited("datasets", model, columns=(*dataset.columns, Column(name, "string")))
    return project.edited("models", model, exposed=(*project.models[model].exposed, (name, of)))


def renamed_exposed(project: Project, model: str, new: str) -> Project | None:
    """A column that a model has more is called otherwise."""
    found = project.models[model].exposed
    dataset = project.datasets[model]
    if not found or new in {column.name for column in dataset.columns} or _ever(project, model, new):
        return None
    (old, of), *rest = found
    columns = dataset.with_column(old, name=new, previous=(old, *dataset.column(old).previous)).columns
    project = project.edited("datasets", model, columns=columns)
    return project.edited("models", model, exposed=((new, of), *rest))


def hidden(project: Project, model: str, *, consented: bool) -> Project | None:
    """A model no longer has a column that it had more."""
    found = project.models[model].exposed
    if not found:
        return None
    (name, _), *rest = found
    columns = tuple(column for column in project.datasets[model].columns if column.name != name)
    consents = (f"column/{name}",) if consented else ()
    project = project.edited("datasets", model, columns=columns, consents=consents)
    return project.edited("models", model, exposed=tuple(rest))
