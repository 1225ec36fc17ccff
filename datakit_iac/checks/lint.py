"""What `dk lint` checks: each manifest by itself, as it was read, and the references between them; no environment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from datakit_iac.checks.references import references
from datakit_iac.checks.tolerance import UNKNOWN_FIELD, of_checking, of_reading
from datakit_iac.checks.unguarded import unguarded
from datakit_iac.findings.finding import Finding
from datakit_iac.manifest.connections import connections
from datakit_iac.manifest.project import Project
from datakit_iac.pipeline.graph import build

_UNDECLARED: Final = ("unknown-connector", "unknown-store", "unknown-dataset", "unmatched-tags")


def lint(project: Project, read: Iterable[Finding], *, is_whole: bool) -> list[Finding]:
    """Every finding on a project.

    Args:
        project: the manifests; some may be broken, and what refers to those is left out.
        read: the findings of reading them.
        is_whole: whether all of a project is here; if not, what is not declared may be elsewhere, and is a warning.
    """
    found = [*build(project)[1], *references(project), *connections(project), *unguarded(project)]
    if project.policies:
        from datakit_iac.policy.selection import declared  # late: the language of expressions takes a while to load

        found += declared(project)[1]
    every = [*of_reading(project, read), *of_checking(found, (UNKNOWN_FIELD,))]
    return every if is_whole else list(of_checking(every, _UNDECLARED))
