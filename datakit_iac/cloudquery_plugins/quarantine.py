"""Where records go that cannot be loaded: what the schema of that DataSet must be, and how many may."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # a kind's model is imported when a manifest of it is read
    from datakit_iac.manifest.models.column import Column

COLUMNS: Final[Mapping[str, str]] = {
    "file": "string",
    "line": "bigint",
    "column": "string",
    "reason": "string",
    "raw": "string",
}
"""Its columns: the file and line of a record, the first column that does not fit, why, and the record as it came."""

REMEDY: Final = f"schema: [{', '.join(f'{{name: {name}, type: {kind}}}' for name, kind in COLUMNS.items())}]"


def misfits(columns: Sequence[Column]) -> list[str]:
    """What of a schema is not that of a quarantine.

    >>> from datakit_iac.manifest.models.column import Column
    >>> columns = [Column(name=name, type=kind) for name, kind in COLUMNS.items() if name != "raw"]
    >>> misfits([*columns, Column(name="note", type="string")])
    ['column note is not part of it', 'column raw is missing']
    """
    found = {column.name.lower(): column for column in columns}
    wrong = [f"column {column.name} is not part of it" for name, column in found.items() if name not in COLUMNS]
    wrong += [
        f"column {name} is {found[name].type}, expected {kind}"
        for name, kind in COLUMNS.items()
        if name in found and str(found[name].type) != kind
    ]
    if "column" in found and found["column"].required:
        wrong.append("column column is required, and a record that cannot be cut into values has none")
    return [*wrong, *(f"column {name} is missing" for name in COLUMNS if name not in found)]


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Where records go that do not fit.

    Attributes:
        table: the table.
        max: how many may, a number or a share of all (``0.1%``); None for any number.
    """

    table: str
    max: str | None = None

    def allowed(self, records: int) -> int | None:
        """How many of so many records.

        >>> Quarantine("raw.rejected", "0.1%").allowed(2500)
        2
        """
        if self.max is None:
            return None
        share = self.max.removesuffix("%")
        return int(Decimal(share) * records / 100) if share != self.max else int(share)
