"""The rows of a load on this machine: collected, checked, written as files, and read back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from datakit_iac.cloudquery_plugins.columns import DeclaredColumn
from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.cloudquery_plugins.types import plain
from datakit_iac.technologies.duckdb.types import write
from datakit_iac.technologies.files.cloudquery.spec import TableSpec
from datakit_iac.technologies.s3.cloudquery.reading import rows
from datakit_iac.technologies.s3.cloudquery.spec import OutputSpec
from datakit_iac.technologies.s3.layouts import FORMATS
from datakit_iac.technologies.sql.names import literal, quoted

_INCOMING: Final = "datakit_incoming"
_EXACT: Final = 15
"""Digits that every number of JSON keeps (RFC 8259, 6)."""


class Scratch:
    """Tables in a file that is gone after the load.

    Args:
        folder: for the file, and the files that are written.
        threads: of DuckDB.
    """

    def __init__(self, folder: Path, threads: int) -> None:
        self._folder = folder
        self._database = duckdb.connect(
            folder / "scratch.duckdb", config={"threads": threads, "autoinstall_known_extensions": False}
        )
        self._database.execute("SET TimeZone = 'UTC'")
        self._number = 0

    def close(self) -> None:
        """Give the file back."""
        self._database.close()

    def make(self, columns: Sequence[DeclaredColumn]) -> str:
        """A new table; its name."""
        self._number += 1
        name = f"rows_{self._number}"
        described = ", ".join(
            f"{quoted(each.name)} {write(each.type)}{' NOT NULL' if each.required or each.key else ''}"
            for each in columns
        )
        self._database.execute(f"CREATE TABLE {name} ({described})")
        return name

    def insert(self, name: str, batch: pa.RecordBatch, columns: Sequence[DeclaredColumn]) -> None:
        """Add rows; a column that they lack has no value.

        Raises:
            PluginFault: a value does not fit, or a required one is missing.
        """
        there = {each.lower(): each for each in batch.schema.names}
        found = [(each.name, there[each.name.lower()]) for each in columns if each.name.lower() in there]
        into, of = (", ".join(map(quoted, several)) for several in zip(*found, strict=True))
        self._database.register(_INCOMING, pa.Table.from_batches([plain(batch)]))
        try:
            self._database.execute(f"INSERT INTO {name} ({into}) SELECT {of} FROM {_INCOMING}")
        except duckdb.Error as fault:
            raise PluginFault(str(fault).partition("\n")[0]) from fault
        finally:
            self._database.unregister(_INCOMING)

    def number(self, query: str) -> int:
        """What a query of one number gives."""
        row = self._database.execute(query).fetchone()
        return int(row[0]) if row and row[0] is not None else 0

    def repeated(self, name: str, key: Sequence[str]) -> tuple[Any, ...] | None:
        """A key that several rows have, and how many do."""
        said = ", ".join(map(quoted, key))
        query = f"SELECT {said}, count(*) AS copies FROM {name} GROUP BY {said} HAVING copies > 1 LIMIT 1"
        found: tuple[Any, ...] | None = self._database.execute(query).fetchone()
        return found

    def shared(self, one: str, other: str, key: Sequence[str]) -> int:
        """How many rows of `one` have a key that comes in `other`, too."""
        return self.number(f"SELECT count(*) FROM {one} AS one {_matching('SEMI', other, key)}")

    def without(self, one: str, other: str, key: Sequence[str]) -> None:
        """Remove the rows of `one` whose keys come in `other`."""
        self._database.execute(
            f"CREATE OR REPLACE TABLE {one} AS SELECT one.* FROM {one} AS one {_matching('ANTI', other, key)}"
        )

    def written(self, name: str, output: OutputSpec, columns: Sequence[DeclaredColumn]) -> list[tuple[str, Path]]:
        """Write a table as files, and read them back: each with the folders that its partition's values name.

        Raises:
            PluginFault: they do not hold the same rows.
        """
        self._number += 1
        folder = self._folder / f"written-{self._number}"
        folder.mkdir()
        arguments = _arguments(output)
        try:
            if output.partition_by:
                by = ", ".join(map(quoted, output.partition_by))
                more = [f"PARTITION_BY ({by})", "WRITE_PARTITION_COLUMNS true"]
                self._copy(name, output, columns, folder / "parts", [*arguments, *more])
            else:
                self._copy(name, output, columns, folder / f"all.{FORMATS[output.format]}", arguments)
        except duckdb.Error as fault:
            first = str(fault).partition("\n")[0]
            raise PluginFault(f"{output.dataset} cannot be written as {output.format}: {first}") from fault
        base = folder / "parts" if output.partition_by else folder
        files = sorted(each for each in base.rglob("*") if each.is_file())
        if output.format != "parquet":
            self._prove(name, output, columns, files)
        return [("".join(f"{part}/" for part in each.relative_to(base).parts[:-1]), each) for each in files]

    def converted(self, name: str, columns: Sequence[DeclaredColumn], values: Mapping[str, str]) -> str:
        """A table of other columns made of one that is there; its name.

        Args:
            name: the table that is there; it goes.
            columns: those of the new one.
            values: the SQL of each column that is not the one of its name.
        """
        made = self.make(columns)
        names = ", ".join(quoted(each.name) for each in columns)
        selected = ", ".join(values.get(each.name, quoted(each.name)) for each in columns)
        self._database.execute(f"INSERT INTO {made} ({names}) SELECT {selected} FROM {name}")
        self._database.execute(f"DROP TABLE {name}")
        return made

    def read(
        self,
        table: TableSpec,
        columns: Sequence[DeclaredColumn],
        files: Sequence[Path],
        absent: AbstractSet[str] = frozenset(),
    ) -> str:
        """A table of what is in files, which may lack the columns `absent`; its name.

        Raises:
            PluginFault: they cannot be read as the contract says.
        """
        name = self.make(columns)
        for batch in rows(table, files, absent):
            self.insert(name, batch, columns)
        return name

    def _copy(
        self,
        name: str,
        output: OutputSpec,
        columns: Sequence[DeclaredColumn],
        target: Path,
        arguments: Iterable[str],
    ) -> None:
        selected = ", ".join(_as_text(each) if output.format == "json" else quoted(each.name) for each in columns)
        said = ", ".join(arguments)
        self._database.execute(f"COPY (SELECT {selected} FROM {name}) TO {literal(str(target))} ({said})")

    def _prove(self, name: str, output: OutputSpec, columns: Sequence[DeclaredColumn], files: Sequence[Path]) -> None:
        """What text says of a value must be that value again: text has no empty one in CSV, and no bytes."""
        try:
            back = self.read(output.table, columns, files)
        except PluginFault as fault:
            raise PluginFault(f"{output.dataset} is not read back from {output.format} as it is: {fault}") from fault
        lost = [each.name for each in columns if self._sum(name, each) != self._sum(back, each)]
        whole = ", ".join(_hashed(each) for each in columns)
        if lost or self._sum_of(name, whole) != self._sum_of(back, whole):
            raise PluginFault(
                f"{output.dataset}: {output.format} does not keep every value of {', '.join(lost) or 'its rows'} as it"
                " is, such as an empty text or bytes; write it as parquet"
            )
        self._database.execute(f"DROP TABLE {back}")

    def _sum(self, name: str, column: DeclaredColumn) -> tuple[Any, ...] | None:
        return self._sum_of(name, _hashed(column))

    def _sum_of(self, name: str, expressions: str) -> tuple[Any, ...] | None:
        query = f"SELECT count(*), sum(hash({expressions})::HUGEINT) FROM {name}"
        found: tuple[Any, ...] | None = self._database.execute(query).fetchone()
        return found


def _arguments(output: OutputSpec) -> list[str]:
    if output.format == "parquet":
        return ["FORMAT parquet", "COMPRESSION zstd"]
    if output.format == "json":
        return ["FORMAT json", "ARRAY false"]
    csv = output.table.csv
    return [
        "FORMAT csv",
        f"HEADER {'true' if csv.header else 'false'}",
        f"DELIMITER {literal(csv.delimiter or ',')}",
        f"QUOTE {literal(csv.quote)}",
        f"ESCAPE {literal(csv.escape)}",
        f"NULLSTR {literal(csv.nulls[0])}",
    ]


def _as_text(column: DeclaredColumn) -> str:
    """A column as JSON has it: a number that JSON does not keep exactly is text."""
    name = quoted(column.name)
    is_long = column.type.name == "decimal" and column.type.parameters[0] > _EXACT
    return f"CAST({name} AS VARCHAR) AS {name}" if is_long else name


def _hashed(column: DeclaredColumn) -> str:
    """What must be the same: of JSON the value, not the spaces in it."""
    name = quoted(column.name)
    return f"CAST(json({name}) AS VARCHAR)" if column.type.name == "json" else name


def _matching(kind: str, other: str, key: Sequence[str]) -> str:
    same = " AND ".join(f"one.{quoted(each)} = other.{quoted(each)}" for each in key)
    return f"{kind} JOIN {other} AS other ON {same}"
