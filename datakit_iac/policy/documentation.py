"""What the tools' own projects say of DataSets, a dbt project of its models for instance."""

from __future__ import annotations

from contextlib import suppress

from datakit_iac.environment.model import ResolvedProject
from datakit_iac.runtimes.documentation import Describes, ModelDocumentation
from datakit_iac.runtimes.registry import runtime


def described(resolved: ResolvedProject) -> dict[str, ModelDocumentation]:
    """What the tools' own projects document of the outputs, from the runtime of each job that knows it."""
    asked, said = _describing(resolved), dict[str, ModelDocumentation]()
    for each in resolved.transforms.values():
        if known := asked.get(each.job.runtime):
            said |= known.described(each.job)
    return said


def beside(resolved: ResolvedProject) -> dict[str, tuple[str, ...]]:
    """What each Transform makes that is none of its outputs, as far as its runtime knows without running."""
    asked, jobs = _describing(resolved), {name: each.job for name, each in resolved.transforms.items()}
    return {name: known.beside(job) for name, job in jobs.items() if (known := asked.get(job.runtime))}


def _describing(resolved: ResolvedProject) -> dict[str, Describes]:
    """The runtimes that know, by name."""
    found: dict[str, Describes] = {}
    for kind in {each.job.runtime for each in resolved.transforms.values()}:
        with suppress(LookupError):  # one that is not installed is a finding of its own
            if isinstance(known := runtime(kind), Describes):
                found[kind] = known
    return found
