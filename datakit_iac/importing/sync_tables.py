"""The tables of a sync: which a source names, where each comes from, and what is known of its columns."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final, get_args

from datakit_iac.importing.personal_data import is_suspected
from datakit_iac.importing.sync_spec import Plugin, SpecError
from datakit_iac.manifest.models.dataset import Format, Place
from datakit_iac.technologies.files import csv_options, limits
from datakit_iac.technologies.technology import TableState

_WILD: Final = frozenset("*?[")
_PACKAGE: Final = "package:"
_FIELDS: Final = {"name", "path", "folder", "format", "columns", *csv_options.OPTIONS, *limits.OPTIONS}


@dataclass(frozen=True, slots=True)
class Table:
    """A table that a source gives.

    Attributes:
        name: its name in the destination.
        line: ``FILE:LINE`` where it is named.
        place: where its rows come from, in the source's Store.
        folder: of files, the folder that the place is in.
        columns: as the source's spec declares them.
        reader: how files are read.
        limits: of files, how large they may be.
    """

    name: str
    line: str
    place: Place
    folder: str = ""
    columns: tuple[Mapping[str, Any], ...] = ()
    reader: Mapping[str, Any] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)


def of_files(source: Plugin, local: Callable[[str], str], notes: list[str]) -> list[Table]:
    """The tables of a source of files, whose spec lists them.

    Raises:
        SpecError: one has no name or path, or none is chosen.
    """
    listed = source.options.get("tables")
    if not isinstance(listed, list) or not listed:
        raise SpecError(f"{source.at('spec')}: {source} lists no `tables`, each with a name and a path")
    found = [_file(source, index, each, local, notes) for index, each in enumerate(listed)]
    wanted, left = source.texts("tables") or ["*"], source.texts("skip_tables")
    chosen = [
        each
        for each in found
        if any(fnmatchcase(each.name, one) for one in wanted) and not any(fnmatchcase(each.name, one) for one in left)
    ]
    if not chosen:
        raise SpecError(f"{source.at('tables')}: `tables` of {source} names none of {', '.join(e.name for e in found)}")
    return chosen


def named(source: Plugin) -> list[Table]:
    """The tables that a source names.

    Raises:
        SpecError: it names patterns, and only the plugin knows which tables those are.
    """
    names = source.texts("tables") or ["*"]
    left = source.texts("skip_tables")
    for index, name in enumerate(names):
        if not _WILD.isdisjoint(name):
            raise SpecError(
                f"{source.at('tables', index)}: `tables` of {source} has the pattern {name!r}, and only the plugin "
                f"knows which tables that is; list them: cloudquery tables {source.file}"
            )
    chosen = [name for name in dict.fromkeys(names) if not any(fnmatchcase(name, each) for each in left)]
    return [Table(name, source.at("tables", names.index(name)), Place(table=name)) for name in chosen]


def _file(source: Plugin, index: int, said: Any, local: Callable[[str], str], notes: list[str]) -> Table:
    line = source.at("spec", "tables", index)
    if not isinstance(said, dict) or not all(isinstance(said.get(each), str) for each in ("name", "path")):
        raise SpecError(f"{line}: a table of {source} needs a `name` and a `path`")
    declared = said.get("columns") or []
    if not isinstance(declared, list) or not all(isinstance(each, dict) for each in declared):
        raise SpecError(
            f"{source.at('spec', 'tables', index, 'columns')}: the columns of {said['name']} are not mappings"
        )
    folder, path = said.get("folder"), str(said["path"])
    if not folder:
        folder, path = posixpath.split(path)
    notes += _left(source, index, said)
    data_format = said.get("format") or next((each for each in get_args(Format) if f".{each}" in path.lower()), None)
    return Table(
        said["name"],
        line,
        Place(prefix=path, format=data_format),
        local(str(folder or ".")),
        tuple(declared),
        {name: each for name, each in said.items() if name in csv_options.OPTIONS},
        {name: each for name, each in said.items() if name in limits.OPTIONS},
    )


def _left(source: Plugin, index: int, said: Mapping[str, Any]) -> Iterator[str]:
    for name in said:
        if name not in _FIELDS:
            where = source.at("spec", "tables", index, str(name))
            yield f"{where}: `{name}` of table {said['name']} of {source} is not carried over"


def columns(table: Table, state: TableState | None) -> list[dict[str, Any]]:
    """The columns of a table: as the source's spec declares them, or else as the destination's catalog shows them."""
    return [*_declared(table)] or [*_there(state)]


def _declared(table: Table) -> Iterator[dict[str, Any]]:
    for each in table.columns:
        column: dict[str, Any] = {"name": str(each.get("name") or ""), "type": each.get("type")}
        if each.get("key"):
            column["primaryKey"] = True
        elif each.get("required"):
            column["nullable"] = False
        yield {**column, "pii": is_suspected(str(each.get("name")))}


def _there(state: TableState | None) -> Iterator[dict[str, Any]]:
    for each in state.columns if state else ():
        yield {**each.dumped(), "type": str(each.type), "pii": is_suspected(each.name)}
