"""The tags by which people and policies of AWS know how closely data is held, and whose it is."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from datakit_iac.contract.dataset import BoundDataSet

CLASSIFICATION: Final = "datakit:classification"
PII: Final = "datakit:pii"


def tags(dataset: BoundDataSet) -> dict[str, str]:
    """The tags of a DataSet's objects; empty where it says neither classification nor personal data."""
    found = {CLASSIFICATION: dataset.classification} if dataset.classification else {}
    if any(column.pii is not None for column in dataset.columns):
        found[PII] = "true" if any(column.pii for column in dataset.columns) else "false"
    return found


def encoded(dataset: BoundDataSet) -> str:
    """The same, as a request to write an object has them."""
    return urlencode(tags(dataset))
