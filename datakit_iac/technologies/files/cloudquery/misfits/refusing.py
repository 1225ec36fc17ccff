"""What is said of files that are not loaded since something in them does not fit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import duckdb

from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.technologies.files.cloudquery.matching import Part
from datakit_iac.technologies.files.cloudquery.misfits.search import Misfits, find

TOLD: Final = 5
"""How many values are listed."""
_LINE: Final = re.compile(r"CSV Error on Line: (\d+)")


def refusal(
    connection: duckdb.DuckDBPyConnection, parts: Sequence[Part], folder: Path, cause: Exception | None = None
) -> PluginFault:
    """The first values that do not fit, and how many there are; where there are none, what DuckDB says.

    Args:
        connection: one that nothing is read from.
        parts: of the table.
        folder: where copies go.
        cause: what DuckDB said when it read them.
    """
    found, part = list[Misfits](), parts[0]
    try:
        for part in parts:
            found += [find(connection, part, file, folder, TOLD) for file in part.scan.files]
    except duckdb.Error as second:
        cause = second
    if not any(each.records for each in found):
        return said(part, cause)
    return PluginFault("\n".join(told(found)))


def told(found: Iterable[Misfits]) -> Iterator[str]:
    """A sentence for each of the first values, and how many there are."""
    found = list(found)
    first = [sentence for each in found for misfit in each.first for sentence in misfit.told()][:TOLD]
    yield from first
    if (values := sum(each.values for each in found)) > len(first):
        yield f"{values:,} values do not fit; the first {len(first)} are listed"


def said(part: Part, cause: Exception | None) -> PluginFault:
    """What DuckDB says, with the file as people know it."""
    text = str(cause)
    file = next((file for file in part.scan.files if str(file.path) in text), part.scan.files[0])
    line = _LINE.search(text)
    place = f", line {line.group(1)}" if line else ""
    lines = [each.strip() for each in text.splitlines() if each.strip()]
    said = [each for each in lines if not _LINE.search(each)][:2] if line else lines[:1]
    message = "; ".join(said).replace(str(file.path), file.shown)
    return PluginFault(f"{file.shown}{place}: {message.removeprefix('Invalid Input Error: ')}")
