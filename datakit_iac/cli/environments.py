"""What the commands on environments have in common: the project read, and resolved for an environment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datakit_iac.cli.lookup import known
from datakit_iac.cli.output.spinner import waiting
from datakit_iac.cli.reading import read_and_tell
from datakit_iac.findings.visible import visible

if TYPE_CHECKING:
    from datakit_iac.environment.model import ResolvedProject
    from datakit_iac.manifest.project import Project


def readable(root: Path) -> Project | None:
    """The project of a folder; None where it has errors, which have then been reported on standard error."""
    project, is_right = read_and_tell(root)
    return project if is_right else None


def resolved(project: Project, name: str) -> ResolvedProject:
    """The project in an environment, as far as it can be; what is wrong with it is for `dk validate` to say.

    Raises:
        UsageError: there is no environment of that name.
    """
    from datakit_iac.environment.resolve import resolve

    known("Environment", name, project.environments)
    with waiting(f"resolving {name}"):
        return resolve(project, name, os.environ)


def lines(value: Any, indent: int = 0) -> Iterator[str]:
    """A description as people read it: one value a line, below what it belongs to."""
    for key, each in value.items():
        if isinstance(each, dict) and each:
            yield f"{' ' * indent}{visible(str(key))}"
            yield from lines(each, indent + 2)
        else:
            yield f"{' ' * indent}{visible(str(key))}: {said(each)}"


def said(value: Any) -> str:
    """One value, as people read it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return visible(", ".join(map(str, value))) or "none"
    return "none" if value in (None, {}, "") else visible(str(value))
