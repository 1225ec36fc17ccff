"""What the files hold beside what the contract declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from datakit_iac.cloudquery_plugins.columns import DeclaredColumn
from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.duckdb.types import write
from datakit_iac.technologies.files.cloudquery.casts import value
from datakit_iac.technologies.files.cloudquery.finding import DataFile
from datakit_iac.technologies.files.cloudquery.notation import usual
from datakit_iac.technologies.files.cloudquery.reading import quoted
from datakit_iac.technologies.files.cloudquery.scanning import Found, Scan
from datakit_iac.technologies.files.cloudquery.spec import TableSpec


@dataclass(frozen=True, slots=True)
class Part:
    """A scan and how its columns become the table's.

    Attributes:
        scan: the files.
        columns: the table's columns, each with the one of the files it is read from; None where the files lack it.
        refused: the tests, as SQL, of records that are left out.
    """

    scan: Scan
    columns: tuple[tuple[DeclaredColumn, Found | None], ...]
    refused: tuple[str, ...] = ()

    def relation(self, files: Sequence[DataFile]) -> str:
        """The relation of what is read of some of the files."""
        if not self.refused:
            return self.scan.sql(files)
        return f"(SELECT * FROM {self.scan.sql(files)} WHERE NOT coalesce({' OR '.join(self.refused)}, false))"

    def query(self) -> str:
        """The statement that reads the table's rows."""
        selected = ", ".join(f"{self._value(column, found)} AS {quoted(column.name)}" for column, found in self.columns)
        return f"SELECT {selected} FROM {self.relation(self.scan.files)}"

    def text(self, column: DeclaredColumn, found: Found) -> str:
        """The SQL of a column's values as text that the casts take, however the files write numbers and dates."""
        return usual(found.text, column.type, self.scan.csv.options) if self.scan.csv else found.text

    def _value(self, column: DeclaredColumn, found: Found | None) -> str:
        if found is None:
            return value("CAST(NULL AS VARCHAR)", column.type)
        if _is_carried(found, column.type):
            return found.raw if found.type == column.type else f"CAST({found.raw} AS {write(column.type)})"
        return value(self.text(column, found), column.type)


def match(
    spec: TableSpec, scans: Sequence[Scan], absent: AbstractSet[str] = frozenset()
) -> tuple[list[Part], list[str]]:
    """Find each declared column in the files; the parts, and notes on columns the contract leaves out.

    Args:
        spec: the table.
        scans: the files.
        absent: columns, in lower case, that a file may lack: they were added since, and have no value there.

    Raises:
        PluginFault: files lack a declared column, or would lose the offset of its times.
    """
    if any(scan.csv for scan in scans):
        _refuse_offsets(spec)
    parts, left_out = [], dict[str, int]()
    for scan in scans:
        by_name = {found.name.lower(): found for found in scan.columns}
        lacking = [column for column in spec.columns if column.name.lower() not in by_name]
        if missing := [each.name for each in lacking if each.required or each.key or each.name.lower() not in absent]:
            raise PluginFault(_lacking(scan, missing))
        parts.append(Part(scan, tuple((column, by_name.get(column.name.lower())) for column in spec.columns)))
        declared = {column.name.lower() for column in spec.columns}
        for found in scan.columns:
            if found.name.lower() not in declared:
                left_out[found.name] = left_out.get(found.name, 0) + len(scan.files)
    if not left_out:
        return parts, []
    names = ", ".join(sorted(left_out))
    several = "1 column" if len(left_out) == 1 else f"{len(left_out)} columns"
    return parts, [f"{spec.name}: {several} of {spec.shown} not in the contract, left out: {names}"]


def _refuse_offsets(spec: TableSpec) -> None:
    """Refuse a format whose times have an offset, for a column that has none."""
    form = spec.csv.timestamp_format or ""
    for column in spec.columns if "%z" in form or "%Z" in form else ():
        if column.type.name == "timestamp":
            raise PluginFault(
                f"column {column.name} is timestamp, and timestampFormat has an offset ({form}) that it would lose;"
                " declare the column timestamptz"
            )


def adopt(scans: Sequence[Scan], types: Sequence[Mapping[str, DataType]]) -> list[Part]:
    """Where nothing is declared: all columns of all files, in the order in which they appear."""
    columns: dict[str, DataType] = {}
    for each in types:
        for name, data_type in each.items():
            columns[name] = _common(columns.get(name, data_type), data_type)
    parts = []
    for scan in scans:
        by_name = {found.name: found for found in scan.columns}
        pairs = [(DeclaredColumn(name, kind), by_name.get(name)) for name, kind in columns.items()]
        parts.append(Part(scan, tuple(pairs)))
    return parts


def _common(one: DataType, other: DataType) -> DataType:
    if one.widens(other):
        return one
    return other if other.widens(one) else DataType("string")


def _is_carried(found: Found, wanted: DataType) -> bool:
    """Whether the values are typed in the file, and each is one of the wanted type."""
    if found.is_text or found.type is None or wanted.name in ("json", "uuid"):
        return False
    if wanted.name == "string" and wanted.parameters:
        return False
    return wanted.widens(found.type)


def _lacking(scan: Scan, missing: Sequence[str]) -> str:
    has = ", ".join(found.name for found in scan.columns)
    noun = "a column" if len(missing) == 1 else "columns"
    return f"{scan.files[0].shown} lacks {noun} that the contract declares: {', '.join(missing)}; it has {has}"
