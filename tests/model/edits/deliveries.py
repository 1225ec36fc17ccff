"""Edits of the files that are loaded."""

from __future__ import annotations

from tests.model.project import Project, Rows


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
    """A key that is not a number."""
    found = project.sources[source]
    file, rows = next(iter(found.files.items()))
    if not rows:
        return None
    return _with_file(project, source, file, (("oops", *rows[0][1:]), *rows[1:]))


def with_hidden_file(project: Project, source: str) -> Project:
    """A file that is not data comes, or goes."""
    return project.edited("sources", source, hidden=not project.sources[source].hidden)


def _with_file(project: Project, source: str, file: str, rows: Rows) -> Project:
    files = {**project.sources[source].files, file: rows}
    filled = {name: rows for name, rows in files.items() if rows}
    return project.edited("sources", source, files=filled or {file: ()})


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
