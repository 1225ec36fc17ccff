"""Where a source's records go that cannot be loaded, and how many may."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


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
