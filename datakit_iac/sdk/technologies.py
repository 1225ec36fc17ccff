"""What the author of a technology implements, receives and returns."""

from __future__ import annotations

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.column import Column, Test
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.manifest.values.secret import Secret, revealed
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.canonical import canonical
from datakit_iac.technologies.evolution import Change, Effect
from datakit_iac.technologies.ownership import Mark
from datakit_iac.technologies.technology import (
    Capabilities,
    Live,
    Session,
    StoreError,
    StoreMissingError,
    Technology,
    Violation,
)

__all__ = [
    "BoundDataSet",
    "Capabilities",
    "Change",
    "Column",
    "Connection",
    "DataType",
    "Effect",
    "Live",
    "Mark",
    "Place",
    "Secret",
    "Session",
    "StoreError",
    "StoreMissingError",
    "Technology",
    "Test",
    "Violation",
    "canonical",
    "revealed",
]
