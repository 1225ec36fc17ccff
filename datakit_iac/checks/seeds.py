"""Rows for development, held against the contract of their DataSet: their file, their columns and their values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from datakit_iac.checks.columns import unknown_column
from datakit_iac.findings.finding import Finding
from datakit_iac.findings.location import Step
from datakit_iac.findings.nearest import nearest
from datakit_iac.findings.origin import Origin
from datakit_iac.findings.sensitive import NOT_SHOWN, is_kept_secret
from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.models.dataset import SEED_FORMATS, DataSet, Seed, SeedData
from datakit_iac.manifest.project import Project
from datakit_iac.manifest.values.types import DataType
from datakit_iac.manifest.wording import a, short

_Path = tuple[Step, ...]

_NAMES: Final = {"csv": "CSV", "json": "JSON", "parquet": "Parquet", "avro": "Avro"}
_FORMATS: Final = {end: _NAMES[each] for end, each in SEED_FORMATS.items()}
_BEGINNINGS: Final = ((b"PAR1", "Parquet"), (b"Obj\x01", "Avro"), (b"[", "JSON"), (b"{", "JSON"))
_LOOKED_AT: Final = 4096


def seeds(project: Project, dataset: DataSet) -> Iterator[Finding]:
    """What is wrong with the `dev.seed` of a DataSet; rows are held against its schema where it declares one."""
    origin = project.origin(dataset)
    columns = {column.name.lower(): column for column in dataset.spec.columns}
    for path, data in _sources(dataset):
        if data.file and (fault := _of_file(project.root, data.file)):
            yield origin.finding("invalid-seed", fault[0], (*path, "file"), hint=fault[1])
        for index, row in enumerate(data.inline if columns else ()):
            yield from _of_row(origin, dataset, columns, row, (*path, "inline", index))


def _sources(dataset: DataSet) -> Iterator[tuple[_Path, Seed | SeedData]]:
    path: _Path = ("spec", "dev", "seed")
    if seed := dataset.spec.dev.seed:
        yield path, seed
        yield from (((*path, "profiles", name), data) for name, data in seed.profiles.items())


# Files.


def _of_file(root: Path, name: str) -> tuple[str, str] | None:
    """What is wrong with a file, as far as its beginning tells, and what to do."""
    expected = _FORMATS.get(Path(name).suffix.lower())
    if expected is None:
        return f"{short(name)} is of no format that is read here", f"a file that ends in {', '.join(_FORMATS)}"
    file = root / name
    try:
        if file.exists() and not file.is_file():
            return f"{short(name)} is not a file", "the file with the rows"
        if not file.exists():
            return f"there is no file {short(name)}; it is looked for from the project's folder", _near(file)
        with file.open("rb") as content:
            found = _format(content.read(_LOOKED_AT))
    except (OSError, ValueError) as fault:
        reason = getattr(fault, "strerror", None) or fault
        return f"{short(name)} cannot be read: {reason}", "fix its permissions or its name"
    if found in (expected, ""):
        return None
    return f"{short(name)} is {found}, and its name says {expected}", "rename it, or save it in that format"


def _near(file: Path) -> str:
    """The nearest name beside the first part of a path that is not there."""
    missing = next((part for part in (*reversed(file.parents), file) if not part.exists()), file)
    return nearest(missing.name, (each.name for each in missing.parent.iterdir()))


def _format(content: bytes) -> str:
    """The format of a file that begins like this; empty where it may be any."""
    text = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        return ""
    if found := next((name for beginning, name in _BEGINNINGS if text.startswith(beginning)), ""):
        return found
    return "not text" if b"\0" in text else "CSV"


# Rows.


def _of_row(
    origin: Origin, dataset: DataSet, columns: Mapping[str, Column], row: Mapping[str, Any], path: _Path
) -> Iterator[Finding]:
    for name, value in row.items():
        column = columns.get(name.lower())
        if column is None:
            yield unknown_column(origin, dataset, name, (*path, name))
        elif value is not None and not _is(value, column.type):
            found = NOT_SHOWN if is_kept_secret((name,), value) else short(value)
            message = f"{found} is not {a(str(column.type))}, which column {column.name} is"
            yield origin.finding("invalid-seed", message, (*path, name), hint=_example(value, column.type))
    given = {name.lower() for name, value in row.items() if value is not None}
    for name, column in columns.items():
        if column.required and name not in given:
            message = f"the row has no value for column {column.name}, which is not nullable"
            yield origin.finding("invalid-seed", message, path, hint=f"add {column.name}: …")


def _example(value: object, data_type: DataType) -> str:
    if not isinstance(value, str) and data_type.name in ("string", "uuid", "time"):
        return "put it in quotes"
    return f"write it as {_VALUES[data_type.name][1]}"


def _is(value: Any, data_type: DataType) -> bool:
    if data_type.element is not None:
        return isinstance(value, list) and all(each is None or _is(each, data_type.element) for each in value)
    if data_type.name == "string" and data_type.parameters and isinstance(value, str):
        return len(value) <= data_type.parameters[0]
    return _VALUES[data_type.name][0](value)


def _is_whole(bits: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and -(1 << bits - 1) <= value < 1 << bits - 1


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _reads(parse: Callable[[str], object]) -> Callable[[Any], bool]:
    """Whether a text is one that `parse` can read."""

    def is_read(value: Any) -> bool:
        try:
            return isinstance(value, str) and parse(value) is not None
        except (ValueError, ArithmeticError):
            return False

    return is_read


_is_day, _is_moment, _is_decimal = _reads(date.fromisoformat), _reads(datetime.fromisoformat), _reads(Decimal)
_MOMENT: Final = (lambda value: isinstance(value, date) or _is_moment(value), "2024-01-31T06:00:00Z")
_VALUES: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    "boolean": (lambda value: isinstance(value, bool), "true or false"),
    "smallint": (_is_whole(16), "a whole number of 16 bits"),
    "integer": (_is_whole(32), "a whole number of 32 bits"),
    "bigint": (_is_whole(64), "a whole number of 64 bits"),
    "float": (_is_number, "a number"),
    "double": (_is_number, "a number"),
    "decimal": (lambda value: _is_number(value) or _is_decimal(value), "a number"),
    "string": (lambda value: isinstance(value, str), "a text no longer than that"),
    "binary": (lambda value: isinstance(value, (str, bytes)), "text, or !!binary with base64"),
    "date": (lambda value: type(value) is date or _is_day(value), "2024-01-31"),
    "time": (_reads(time.fromisoformat), "'06:00:00'"),
    "timestamp": _MOMENT,
    "timestamptz": _MOMENT,
    "json": (lambda value: True, ""),
    "uuid": (_reads(UUID), "'123e4567-e89b-12d3-a456-426614174000'"),
    "array": (lambda value: False, "a list of such values"),
}
"""By type, whether a value that YAML gives is one of it, and how one is written."""
