"""Everything that can be checked before anything is touched: the project in one environment, and each of its jobs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from datakit_iac.environment.resolve import examine
from datakit_iac.environment.resolved import ResolvedProject
from datakit_iac.manifest.finding import Finding
from datakit_iac.manifest.project import Project
from datakit_iac.runtimes.registry import runtime


def check(
    project: Project, environment: str, variables: Mapping[str, str]
) -> tuple[ResolvedProject, tuple[Finding, ...]]:
    """The project as `environment` means it, and every finding on it, those of the runtimes on their jobs included.

    Args:
        project: the manifests; some may be broken, and what refers to those is left out.
        environment: an Environment's name.
        variables: the process's variables, asked only whether secrets' references can be resolved.

    Raises:
        InvalidProjectError: there is no such Environment.
    """
    resolved = examine(project, environment, variables)
    return resolved, (*resolved.findings, *_unsound_jobs(resolved))


def _unsound_jobs(resolved: ResolvedProject) -> Iterator[Finding]:
    for each in resolved.transforms.values():
        origin, kind = resolved.project.origin(each.manifest), each.job.runtime
        try:
            faults = runtime(kind).check(each.job)
        except LookupError as unknown:
            yield origin.finding("unknown-runtime", str(unknown), ("spec", "runtime"))
            continue
        for fault in faults:
            yield origin.finding("invalid-job", fault, ("spec", kind))
