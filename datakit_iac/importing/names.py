"""Names of manifests for what already has a name elsewhere."""

from __future__ import annotations

import re
from collections.abc import Collection

from datakit_iac.manifest.models.dataset import Place


def hyphenated(text: str, first: str = "table") -> str:
    """A text as the name of a manifest; where it begins with no letter, a word before it.

    >>> hyphenated("Order_Items"), hyphenated("2024 orders")
    ('order-items', 'table-2024-orders')
    """
    words = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60].strip("-")
    return words if words[:1].isalpha() else f"{first}-{words}".strip("-")[:60]


def leaf(place: Place) -> str:
    """The last part of a place: the table's own name, without its schema."""
    return str(place).rstrip("/").rpartition("/" if place.prefix else ".")[2]


def of_place(place: Place, taken: Collection[str]) -> str:
    """The table's own name as one of manifests; with its schema where that is taken, or a number behind it."""
    return free((leaf(place), str(place)), taken)


def free(wanted: Collection[str], taken: Collection[str]) -> str:
    """The first of some names that is free, or the last with a number behind it."""
    names = [hyphenated(each) for each in wanted]
    numbered = (f"{names[-1]}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in (*names, *numbered) if name not in taken)


def variable(*parts: str) -> str:
    """The name of a variable.

    >>> variable("crm", "auth.token")
    'CRM_AUTH_TOKEN'
    """
    return re.sub(r"\W+", "_", "_".join(parts)).strip("_").upper()
