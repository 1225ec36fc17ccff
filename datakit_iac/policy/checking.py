"""Everything that can be checked before anything is touched: reading, the environment, each job, the policies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date

from datakit_iac.environment.locking import unlocked
from datakit_iac.environment.resolve import examine
from datakit_iac.environment.resolved import ResolvedProject
from datakit_iac.environment.secrets import Secrets
from datakit_iac.manifest.finding import Finding
from datakit_iac.manifest.project import Project
from datakit_iac.policy.evaluating import evaluate
from datakit_iac.policy.gathering import gather
from datakit_iac.runtimes.described import Described, Describes
from datakit_iac.runtimes.job import Fetches, Job
from datakit_iac.runtimes.registry import runtime


def check(
    project: Project, environment: str, variables: Mapping[str, str] | Secrets, today: date | None = None
) -> tuple[ResolvedProject, tuple[Finding, ...]]:
    """The project as `environment` means it, and every finding on it.

    Those of reading it are among them, those of the lock file, of the runtimes on their jobs, and of the policies.

    Args:
        project: the manifests; some may be broken, and what refers to those is left out.
        environment: an Environment's name.
        variables: the process's variables, or further sources of secrets beside them; asked only whether references
            can be resolved.
        today: the day that waivers are held against; None for the real one.

    Raises:
        InvalidProjectError: there is no such Environment.
    """
    resolved = examine(project, environment, variables)
    judged = evaluate(project, gather(resolved, described(resolved), beside(resolved)), today or date.today())
    return resolved, (
        *_of_reading(resolved),
        *resolved.findings,
        *unlocked(resolved),
        *_unsound_jobs(resolved),
        *judged,
    )


def _of_reading(resolved: ResolvedProject) -> Iterator[Finding]:
    """The warnings of reading the project; where versions are exact nothing is left to chance, and they are errors."""
    exact = resolved.environment.spec.versions == "exact"
    for warning in resolved.project.warnings:
        yield replace(warning, severity="error") if exact else warning


def _unsound_jobs(resolved: ResolvedProject) -> Iterator[Finding]:
    must_be_seen = resolved.environment.spec.approval.needed > 0
    for each in resolved.transforms.values():
        origin, kind = resolved.project.origin(each.manifest), each.job.runtime
        try:
            found = runtime(kind)
        except LookupError as unknown:
            yield origin.finding("unknown-runtime", str(unknown), ("spec", "runtime"))
            continue
        unseen = found.unseen(each.job) if must_be_seen and isinstance(found, Fetches) else []
        for fault in [*found.check(each.job), *unseen]:
            yield origin.finding("invalid-job", fault, ("spec", kind))


def described(resolved: ResolvedProject) -> dict[str, Described]:
    """What the tools' own projects say of the outputs; each job's runtime is asked, if it knows."""
    said: dict[str, Described] = {}
    for each in resolved.transforms.values():
        if known := _describing(each.job):
            said |= known.described(each.job)
    return said


def beside(resolved: ResolvedProject) -> dict[str, tuple[str, ...]]:
    """What each Transform makes that is none of its outputs, as far as its runtime knows without running."""
    asked = {name: _describing(each.job) for name, each in resolved.transforms.items()}
    return {name: known.beside(resolved.transforms[name].job) for name, known in asked.items() if known}


def _describing(job: Job) -> Describes | None:
    with suppress(LookupError):  # an unknown runtime, told above
        known = runtime(job.runtime)
        return known if isinstance(known, Describes) else None
    return None
