"""Telling the records that do not fit from those that are loaded, before a row moves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.cloudquery_plugins.quarantine import COLUMNS
from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.cloudquery_plugins.types import to_arrow
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.files.cloudquery.matching import Part
from datakit_iac.technologies.files.cloudquery.misfits.refusing import TOLD, said, told
from datakit_iac.technologies.files.cloudquery.misfits.search import Misfit, Misfits, find, tests
from datakit_iac.technologies.files.cloudquery.spec import TableSpec

_BATCH: Final = 10_000


@dataclass(frozen=True, slots=True)
class Sifted:
    """A table's files without the records that do not fit, and these."""

    parts: list[Part]
    misfits: tuple[Misfit, ...] = ()


def sift(connection: duckdb.DuckDBPyConnection, spec: TableSpec, parts: list[Part], folder: Path) -> Sifted:
    """Take out of files what does not fit, where there is a quarantine for it.

    Args:
        connection: one that nothing is read from.
        spec: the table.
        parts: how its files are read.
        folder: where copies go.

    Raises:
        PluginFault: there is more of it than the quarantine may take.
    """
    if spec.quarantine is None:
        return Sifted(parts)
    records = sum(file.records for part in parts for file in part.scan.files)
    allowed = spec.quarantine.allowed(records)
    most = None if allowed is None else max(allowed, TOLD)
    found = [_found(connection, part, folder, most) for part in parts]
    all_found = [each for of_files in found for each in of_files]
    count = sum(each.records for each in all_found)
    if allowed is not None and count > allowed:
        first, *more = told(all_found)
        limit = f"{count:,} of {records:,} records do not fit, and at most {spec.quarantine.max} may"
        raise PluginFault("\n".join([first, *more, f"{limit} go to {spec.quarantine.table}: nothing is loaded"]))
    sifted = [_without(part, of_files) for part, of_files in zip(parts, found, strict=True)]
    return Sifted(sifted, tuple(misfit for each in all_found for misfit in each.first))


def _found(connection: duckdb.DuckDBPyConnection, part: Part, folder: Path, most: int | None) -> list[Misfits]:
    try:
        return [find(connection, part, file, folder, most) for file in part.scan.files]
    except duckdb.Error as fault:
        raise said(part, fault) from fault


def _without(part: Part, found: Sequence[Misfits]) -> Part:
    """The part without what was found in its files."""
    refused = tuple(test.sql for test in tests(part)) if any(each.has_values for each in found) else ()
    return replace(part, scan=replace(part.scan, files=tuple(each.rest for each in found)), refused=refused)


def schema(table: str) -> pa.Schema:
    """The columns of a quarantine."""
    return wire.table_schema(table, (wire.field(name, to_arrow(DataType(kind))) for name, kind in COLUMNS.items()))


def batches(table: str, misfits: Sequence[Misfit]) -> Iterator[pa.RecordBatch]:
    """The rows of a quarantine."""
    for start in range(0, len(misfits), _BATCH):
        some = misfits[start : start + _BATCH]
        values: dict[str, list[object]] = {
            "file": [each.file for each in some],
            "line": [each.line for each in some],
            "column": [each.reasons[0].column for each in some],
            "reason": ["; ".join(map(str, each.reasons)) for each in some],
            "raw": [each.raw for each in some],
        }
        yield pa.RecordBatch.from_pydict(values, schema=schema(table))
