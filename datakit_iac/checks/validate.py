"""What `dk validate`, a plan and an update check: reading, the environment, the lock file, each job, the policies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date

from datakit_iac.checks.references import references
from datakit_iac.checks.support import unsupported
from datakit_iac.checks.unguarded import unguarded
from datakit_iac.environment.lockfile import unlocked
from datakit_iac.environment.model import ResolvedProject
from datakit_iac.environment.resolve import resolve
from datakit_iac.environment.secrets.sources import Secrets
from datakit_iac.findings.finding import Finding, InvalidProjectError
from datakit_iac.findings.nearest import nearest
from datakit_iac.manifest.project import Project
from datakit_iac.policy.documentation import beside, described
from datakit_iac.policy.evaluate import evaluate
from datakit_iac.policy.from_project import gather
from datakit_iac.runtimes.job import Fetches, UsesPlugins, invalid_job
from datakit_iac.runtimes.registry import runtime
from datakit_iac.technologies.technology import technology
from datakit_iac.technologies.technology_roles import HoldsHistory


def validate(
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
    try:
        resolved = resolve(project, environment, variables)
    except InvalidProjectError as invalid:
        raise InvalidProjectError([*references(project), *invalid.findings]) from None
    judged = evaluate(project, gather(resolved, described(resolved), beside(resolved)), today or date.today())
    return resolved, (
        *_of_reading(resolved),
        *resolved.findings,
        *references(resolved.project),
        *unsupported(resolved.project, resolved.environment),
        *unguarded(resolved.project),
        *_unfit_history(resolved),
        *unlocked(resolved),
        *_unsound_jobs(resolved),
        *judged,
    )


def _of_reading(resolved: ResolvedProject) -> Iterator[Finding]:
    """The warnings of reading the project; where versions are exact nothing is left to chance, and they are errors."""
    exact = resolved.environment.spec.versions == "exact"
    for warning in resolved.project.warnings:
        yield replace(warning, severity="error") if exact else warning


def _unfit_history(resolved: ResolvedProject) -> Iterator[Finding]:
    """The Store that is to have the history is not declared, or cannot have it."""
    name, origin = resolved.environment.spec.history, resolved.project.origin(resolved.environment)
    if not name or resolved.project.is_broken(name, "Store"):
        return
    if name not in resolved.project.stores:
        message = f"Environment {resolved.environment.name} keeps its history in Store {name!r}, which is not declared"
        hint = nearest(name, resolved.project.stores)
        yield origin.finding("unknown-store", message, ("spec", "history"), hint=hint)
    elif (store := resolved.stores.get(name)) and store.is_installed:
        kind = store.connection.technology
        if not isinstance(technology(kind), HoldsHistory):
            message = f"Store {name} is of {kind}, which cannot hold the history of Runs"
            yield origin.finding("invalid-value", message, ("spec", "history"))


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
        for fault in [*found.check(each.job), *map(invalid_job, unseen)]:
            yield origin.of(fault.below("spec", kind))
        for promise in found.unkept(each.job) if isinstance(found, UsesPlugins) else ():
            yield origin.finding("not-kept", f"Transform {each.manifest.name}: {promise}", ("spec", "runtime"))
