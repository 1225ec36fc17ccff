"""Edits of a project: each gives the next version, or None where it has nothing to change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from tests.model.project import Column, DataSet, Load, Project, Rows, Source

AMOUNTS: Final = ("decimal(6,1)", "decimal(8,2)", "decimal(10,3)")
AGES: Final = ("smallint", "integer", "bigint")
MODES: Final = ("overwrite-delete-stale", "overwrite", "append")
DAY: Final = "2099-01-01"


# Files.


def with_row(project: Project, source: str, file: str, seed: int) -> Project:
    """A row more in a file, or in a new one."""
    found = project.sources[source]
    used = {row[found.header[0]] for row in found.rows()}
    number = next(str(n) for n in range(1 + 100 * (source == "more"), 999) if str(n) not in used)
    row = tuple(number if place == 0 else value(source, name, seed) for place, name in enumerate(found.header))
    rows = (*found.files.get(file, ()), row)
    return project.edited("sources", source, files={**found.files, file: rows})


def value(source: str, column: str, seed: int) -> str:
    """A value that fits a column in each of its types."""
    match column:
        case _ if column.startswith("amount"):
            return ("1.5", "20", "-3", "", "7.5")[seed % 5]
        case _ if column.startswith("person"):
            return str(1 + seed % 3)
        case _ if column.startswith("age"):
            return ("18", "", "77")[seed % 3]
        case _ if column.startswith("n"):
            return ("ann", "bob", "zoe", "")[seed % 4]
    return str(seed % 7)


def without_row(project: Project, source: str, seed: int) -> Project | None:
    """A row less; a file that would be empty goes, unless it is the last one."""
    found = project.sources[source]
    places = [(file, n) for file, rows in found.files.items() for n in range(len(rows))]
    if not places:
        return None
    file, n = places[seed % len(places)]
    rows = found.files[file]
    return _with_file(project, source, file, rows[:n] + rows[n + 1 :])


def with_value(project: Project, source: str, seed: int) -> Project | None:
    """Another value in a row."""
    found = project.sources[source]
    places = [(file, n) for file, rows in found.files.items() for n in range(len(rows))]
    if not places:
        return None
    file, n = places[seed % len(places)]
    rows = found.files[file]
    column = 1 + seed % (len(found.header) - 1)
    row = list(rows[n])
    row[column] = value(source, found.header[column], seed + 1)
    return _with_file(project, source, file, (*rows[:n], tuple(row), *rows[n + 1 :]))


def with_bad_value(project: Project, source: str) -> Project | None:
    """A key that is no number."""
    found = project.sources[source]
    file, rows = next(iter(found.files.items()))
    if not rows:
        return None
    return _with_file(project, source, file, (("oops", *rows[0][1:]), *rows[1:]))


def with_hidden_file(project: Project, source: str) -> Project:
    """A file that is no data comes, or goes."""
    return project.edited("sources", source, hidden=not project.sources[source].hidden)


def _with_file(project: Project, source: str, file: str, rows: Rows) -> Project:
    files = {**project.sources[source].files, file: rows}
    filled = {name: rows for name, rows in files.items() if rows}
    return project.edited("sources", source, files=filled or {file: ()})


# Columns. A column of people or sales lies in the header of what is loaded, too.


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
        for chain in (AMOUNTS, AGES):
            if column.type in chain[:-1] and not column.name.startswith(("id", "person")):
                wider = chain[chain.index(column.type) + 1]
                columns = project.datasets[key].with_column(column.name, type=wider).columns
                return project.edited("datasets", key, columns=columns)
    return None


def narrowed(project: Project, key: str) -> Project | None:
    """A column has a narrower type that holds all its values, by consent."""
    for column in project.datasets[key].columns:
        if column.type in AGES[1:] and not column.name.startswith(("id", "person")):
            dataset = project.datasets[key].with_column(column.name, type=AGES[AGES.index(column.type) - 1])
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


def with_orphan(project: Project) -> Project | None:
    """A sale of nobody."""
    found = project.sources["sales"]
    file, rows = next(iter(found.files.items()))
    place = found.header.index(project.models["big"].names["person"])
    if not rows:
        return None
    row = tuple("77" if n == place else text for n, text in enumerate(rows[0]))
    return _with_file(project, "sales", file, (row, *rows[1:]))


def without_parents(project: Project) -> Project | None:
    """The people are gone to whom sales refer."""
    place = project.sources["sales"].header.index(project.models["big"].names["person"])
    wanted = {row[place] for rows in project.sources["sales"].files.values() for row in rows if row[place]}
    if not wanted or any(load.mode != "overwrite-delete-stale" for load in project.loads.values()):
        return None
    found = project.sources["people"]
    files = {file: tuple(row for row in rows if row[0] not in wanted) for file, rows in found.files.items()}
    return project.edited("sources", "people", files=files)


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


# Transforms.


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


Edit = Callable[..., Project | None]
