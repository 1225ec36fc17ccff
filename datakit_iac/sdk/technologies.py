"""What the author of a technology implements, receives and returns."""

from __future__ import annotations

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.findings.fault import Fault
from datakit_iac.manifest.models.column import Column, Test
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.manifest.values.secret import Secret, revealed
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.canonical import canonical
from datakit_iac.technologies.connection import ConnectionModel, PortNumber, SecretText, Text
from datakit_iac.technologies.data_version import DataVersion
from datakit_iac.technologies.evolution import Change, Effect
from datakit_iac.technologies.looking import ColumnProfile, Profile, Sample
from datakit_iac.technologies.ownership import Mark
from datakit_iac.technologies.roles import (
    AltersSchema,
    Configures,
    Discards,
    Drops,
    Foresees,
    Interruptible,
    KeepsTerms,
    ReadsCatalog,
    ReadsRows,
    Rewrites,
    RunsDataTests,
    ShowsKeys,
    TellsNotes,
    VersionsData,
)
from datakit_iac.technologies.steps import PlansSteps, Step
from datakit_iac.technologies.technology import (
    Capabilities,
    FailedTest,
    Session,
    StoreError,
    StoreMissingError,
    TableState,
    Technology,
)
from datakit_iac.technologies.technology_roles import HasSettings, MeasuresSize

__all__ = [
    "AltersSchema",
    "BoundDataSet",
    "Capabilities",
    "Change",
    "Column",
    "ColumnProfile",
    "Configures",
    "Connection",
    "ConnectionModel",
    "DataType",
    "DataVersion",
    "Discards",
    "Drops",
    "Effect",
    "FailedTest",
    "Fault",
    "Foresees",
    "HasSettings",
    "Interruptible",
    "KeepsTerms",
    "Mark",
    "MeasuresSize",
    "Place",
    "PlansSteps",
    "PortNumber",
    "Profile",
    "ReadsCatalog",
    "ReadsRows",
    "Rewrites",
    "RunsDataTests",
    "Sample",
    "Secret",
    "SecretText",
    "Session",
    "ShowsKeys",
    "Step",
    "StoreError",
    "StoreMissingError",
    "TableState",
    "Technology",
    "TellsNotes",
    "Test",
    "Text",
    "VersionsData",
    "canonical",
    "revealed",
]
