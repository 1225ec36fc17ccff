"""The Environment of a project that declares none."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from datakit_iac.findings.origin import Origin
from datakit_iac.manifest.models.document import Metadata
from datakit_iac.manifest.models.environment import Environment
from datakit_iac.manifest.project import Project

DEFAULT: Final = "dev"


def with_default(project: Project) -> Project:
    """The project; one that declares no Environment has `dev`: ranges of versions, no approval, no bindings."""
    if project.environments or any(kind in ("", "Environment") for kind, _ in project.broken):
        return project
    built_in = Environment(kind="Environment", metadata=Metadata(name=DEFAULT))
    origins = {**project.origins, ("Environment", DEFAULT): Origin("", 0)}
    return replace(project, environments={DEFAULT: built_in}, origins=origins)
