"""The tables of `docs/schema-evolution.md`, read and written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).parents[3] / "docs" / "schema-evolution.md"
PROPERTY: Final = "schema-evolution"
"""The property of a test's report that says what was seen: table, change, technology, cell."""

OUTCOMES: Final = "outcomes"
LOCKS: Final = "locks"


def cells(table: str) -> dict[tuple[str, str], str]:
    """The cells of a table of the page, by change and heading."""
    text = PAGE.read_text(encoding="utf-8")
    found = re.search(rf"<!-- {table} -->\n(.*?)<!-- end -->", text, re.DOTALL)
    if not found:
        return {}
    head, _, *rows = (_split(line) for line in found[1].strip().splitlines())
    return {(row[0], name): cell for row in rows for name, cell in zip(head[1:], row[1:], strict=True)}


def write(seen: Iterable[tuple[str, str, str, str]], changes: Iterable[str]) -> None:
    """Write what was seen into the page.

    Args:
        seen: table, change, heading and cell.
        changes: all changes, in their order.
    """
    tables: dict[str, dict[tuple[str, str], str]] = {}
    for table, change, heading, cell in seen:
        tables.setdefault(table, {})[change, heading] = cell
    text = PAGE.read_text(encoding="utf-8")
    for table, found in tables.items():
        begin, end = f"<!-- {table} -->\n", "<!-- end -->"
        above, _, rest = text.partition(begin)
        lines = "".join(f"{line}\n" for line in _lines(found, list(changes)))
        text = f"{above}{begin}{lines}{end}{rest.partition(end)[2]}"
    PAGE.write_text(text, encoding="utf-8")


def _lines(found: Mapping[tuple[str, str], str], changes: list[str]) -> Iterable[str]:
    headings = sorted({heading for _, heading in found}, key=lambda name: (name == "data", name))
    yield f"| change | {' | '.join(headings)} |"
    yield f"|---|{'---|' * len(headings)}"
    for change in changes:
        row = [found.get((change, heading), "") for heading in headings]
        if any(row):
            yield f"| {change} | {' | '.join(row)} |"


def _split(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]
