"""What a Transform says to its runtime: a section under the runtime's name, which that runtime describes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, ClassVar, Final

from datakit_iac import installed
from datakit_iac.manifest.models.document import Model

if TYPE_CHECKING:
    from datakit_iac.findings.finding import Finding
    from datakit_iac.manifest.models.transform import Transform
    from datakit_iac.manifest.project import Project

GROUP: Final = "datakit.sections"
"""Of the sections of runtimes, by the runtimes' names: checked though a runtime itself is not installed."""


class Section(Model):
    """The section of one runtime. It is imported whenever a manifest has one, so its module imports nothing heavy.

    >>> class Shell(Section):
    ...     command: str
    >>> Shell.model_validate({"command": "ls"})
    Shell(command='ls')

    Attributes:
        runs_command: whether the runtime runs the Transform's `command`, or its image, and nothing of its own.
        needs_command: whether it has nothing to run without one or the other.
    """

    runs_command: ClassVar[bool] = False
    needs_command: ClassVar[bool] = False

    @property
    def writes(self) -> tuple[str, ...]:
        """The DataSets that the job writes beside those that are named as outputs."""
        return ()

    def findings(self, project: Project, transform: Transform) -> Iterator[Finding]:
        """What is wrong between it and the rest of the project, whatever the environment."""
        return iter(())


@cache
def section(runtime: str) -> type[Section] | None:
    """The section of a runtime; None where it is not described: the runtime checks it."""
    found: type[Section] | None = next((point.load() for point in installed.points(GROUP, runtime)), None)
    return found


def runs_command(runtime: str) -> bool:
    """Whether a runtime runs a Transform's command, or its image."""
    return (found := section(runtime)) is not None and found.runs_command


@cache
def sections() -> dict[str, type[Section]]:
    """Every section that is described, by runtime."""
    return {name: found for name in installed.names(GROUP) if (found := section(name))}
