"""What a Runtime may know of the user's own project: its folder, its packages, and the files that settings name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from datakit_iac.contract.job import Job


@dataclass(frozen=True, slots=True)
class Dependency:
    """A package that the project of a job asks for.

    Attributes:
        name: as the project requires it, or where it comes from.
        constraint: the versions that are allowed; empty where all are.
        version: what the tool's own lock file has; empty where it lists none.
        by: whether the constraint is a `version` or the `revision` of a repository; None where neither can change what
            is meant, as for a folder.
    """

    name: str
    constraint: str
    version: str
    by: Literal["version", "revision"] | None


@runtime_checkable
class BuildsProject(Protocol):
    """A Runtime whose tool has a project of its own on the disk, with packages; it takes the environment's `vars`."""

    def located(self, settings: Mapping[str, Any], manifest: Path, root: Path) -> Mapping[str, str]:
        """The settings that are folders, by name, from the root of the manifests; those not said are found.

        Args:
            settings: the section of a Transform.
            manifest: the file it is in.
            root: the folder of the manifests.

        Raises:
            NotFoundError: one is not said, and nothing that it could be is there.
        """

    def dependencies(self, job: Job) -> tuple[Dependency, ...]:
        """The packages that the job's project asks for."""

    def locks(self, job: Job) -> tuple[Path, ...]:
        """The lock files of the tool that are in the job's project."""


class NotFoundError(LookupError):
    """A folder that a Transform does not name cannot be found.

    Attributes:
        hint: what to write.
    """

    def __init__(self, message: str, hint: str) -> None:
        self.hint = hint
        super().__init__(message)


@runtime_checkable
class NamesFiles(Protocol):
    """A Runtime whose settings name files of the project.

    Attributes:
        paths: the settings that are paths; a manifest's count from the root of the manifests.
    """

    paths: tuple[str, ...]
