"""What the project of a tool says of the DataSets that it makes, beside their manifests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from datakit_iac.contract.job import Job


@dataclass(frozen=True, slots=True)
class ModelDocumentation:
    """What is said of one DataSet.

    Attributes:
        description: of the DataSet.
        columns: the names, in lower case, of the columns that are described.
        tests: the names of its tests and of its columns'.
    """

    description: str = ""
    columns: frozenset[str] = frozenset()
    tests: tuple[str, ...] = ()


@runtime_checkable
class Describes(Protocol):
    """A Runtime whose projects say something of what they make."""

    def described(self, job: Job) -> Mapping[str, ModelDocumentation]:
        """What the job's project says of its outputs, by DataSet; nothing where it cannot be read."""

    def beside(self, job: Job) -> tuple[str, ...]:
        """What the job makes that is none of its outputs, by the tool's own names; nothing where that is uncertain."""
