"""The records of files that do not fit: which, where they are, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import duckdb

from datakit_iac.manifest.wording import a
from datakit_iac.technologies.files.cloudquery import casts
from datakit_iac.technologies.files.cloudquery.finding import DataFile
from datakit_iac.technologies.files.cloudquery.matching import Part
from datakit_iac.technologies.files.cloudquery.misfits.cutting import uncut, without
from datakit_iac.technologies.files.cloudquery.misfits.placing import Spot, spots
from datakit_iac.technologies.files.cloudquery.reading import quoted

_SHOWN: Final = 80
"""Characters of a value that are shown."""
_FOUND: Final = "datakit_misfits"


class Reason(NamedTuple):
    """Why a record does not fit: its column, if it is one value that does not; what is wrong; what people do."""

    column: str | None
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"column {self.column}: {self.text}" if self.column else self.text


@dataclass(frozen=True, slots=True)
class Misfit:
    """A record that does not fit.

    Attributes:
        file: as people know it.
        line: where it begins, or the number of the row.
        unit: which of both.
        reasons: at least one.
        raw: the record as it was delivered.
    """

    file: str
    line: int
    unit: str
    reasons: tuple[Reason, ...]
    raw: str

    def told(self) -> Iterator[str]:
        """A sentence for each reason."""
        for reason in self.reasons:
            column = f", column {reason.column}" if reason.column else ""
            yield f"{self.file}, {self.unit} {self.line}{column}: {reason.text}{reason.remedy}"


@dataclass(frozen=True, slots=True)
class Misfits:
    """What does not fit in one file.

    Attributes:
        records: how many records.
        values: how many values; a record that cannot be cut into values counts for one.
        first: the first of them, in the order of the file.
        rest: the file without the records that cannot be cut, with the number of those that fit.
        has_values: whether there are others in it that do not.
    """

    records: int
    values: int
    first: tuple[Misfit, ...]
    rest: DataFile
    has_values: bool


class Test(NamedTuple):
    """What is true of a value that does not fit.

    Attributes:
        column: its column.
        sql: the expression.
        text: that of the value.
        expected: the type that it is none of; None where a value is missing.
    """

    column: str
    sql: str
    text: str
    expected: str | None

    def reason(self, value: str | None, count: int) -> Reason:
        """What is wrong, for people."""
        if self.expected is None:
            rows = f" ({count:,} such rows in the file)"
            remedy = f"{rows}; fix the file, or declare the column nullable and not a key"
            return Reason(self.column, "no value, but the contract requires one", remedy)
        remedy = "; fix the value or the type the contract declares"
        return Reason(self.column, f"{_shortened(value)} is not {a(self.expected)}", remedy)


def tests(part: Part) -> list[Test]:
    """Those of all values."""
    found = list[Test]()
    for column, source in part.columns:
        if source:
            text = part.text(column, source)
            found.append(Test(column.name, casts.misfits(text, column.type), source.text, str(column.type)))
            if column.required:
                found.append(Test(column.name, f"{source.text} IS NULL", source.text, None))
    return found


def find(
    connection: duckdb.DuckDBPyConnection, part: Part, file: DataFile, folder: Path, most: int | None = None
) -> Misfits:
    """What does not fit in a file.

    Args:
        connection: one that nothing is read from.
        part: how the file is read.
        file: one of it.
        folder: where copies go.
        most: how many are reported; None for all.

    Raises:
        PluginFault: the file was changed meanwhile.
        duckdb.Error: it cannot be read.
    """
    tried = tests(part)
    connection.execute("SET threads = 1")  # rows keep their order
    connection.execute(f"DROP TABLE IF EXISTS {_FOUND}")
    unread = uncut(file, part.scan.csv, len(part.scan.columns)) if part.scan.csv else {}
    rest = without(file, unread, folder)
    connection.execute(_query(part, rest, tried))
    counts = dict(connection.execute(f"SELECT unnest(which), count(*) FROM {_FOUND} GROUP BY 1").fetchall())
    (records,) = connection.execute(f"SELECT count(*) FROM {_FOUND}").fetchall()[0]
    rows = connection.execute(f"SELECT * FROM {_FOUND} ORDER BY number LIMIT {most or records}").fetchall()
    by_number, by_start = _spots(part, file, rows, list(unread), most)
    first = [
        Misfit(file.shown, spot.line, part.scan.unit, why, spot.raw)
        for spot, why in (
            *((spot, (Reason(None, unread[start].reason),)) for start, spot in by_start.items()),
            *((by_number[row[0]], _reasons(tried, counts, row)) for row in rows),
        )
    ]
    first.sort(key=lambda misfit: misfit.line)
    rest = replace(rest, records=rest.records - records)
    return Misfits(records + len(unread), sum(counts.values()) + len(unread), tuple(first[:most]), rest, bool(records))


def _query(part: Part, file: DataFile, tried: Sequence[Test]) -> str:
    which = ", ".join(f"CASE WHEN {test.sql} THEN {number} END" for number, test in enumerate(tried))
    values = ", ".join(f"CASE WHEN {test.sql} THEN CAST({test.text} AS VARCHAR) END" for test in tried)
    raw = ", ".join(f"{quoted(found.name)} := {found.raw}" for found in part.scan.columns)
    return (
        f"CREATE TEMP TABLE {_FOUND}(number, which, found, raw) AS SELECT * FROM (SELECT row_number() OVER (),"
        f" list_filter([{which}], lambda element_0: element_0 IS NOT NULL), [{values}],"
        f" {'NULL' if part.scan.csv else f'CAST(to_json(struct_pack({raw})) AS VARCHAR)'}"
        f" FROM {part.scan.sql([file])}) AS t(number, which, found, raw)"
        " WHERE len(which) > 0"
    )


def _spots(
    part: Part, file: DataFile, rows: Sequence[Any], unread: Sequence[int], most: int | None
) -> tuple[dict[int, Spot], dict[int, Spot]]:
    if not part.scan.csv:
        return {number: Spot(number, raw) for number, _, _, raw in rows}, {}
    return spots(file, part.scan.csv, len(part.scan.columns), [row[0] for row in rows], unread, most)


def _reasons(tried: Sequence[Test], counts: dict[int, int], row: Any) -> tuple[Reason, ...]:
    _, which, found, _ = row
    return tuple(tried[number].reason(found[number], counts[number]) for number in which)


def _shortened(value: str | None) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
