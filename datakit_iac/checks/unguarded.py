"""Stores that one environment guards by approvals, and that another may write to without."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from datakit_iac.findings.finding import Finding
from datakit_iac.manifest.project import Project

if TYPE_CHECKING:  # the models are imported where approvals differ
    from datakit_iac.manifest.models.environment import Environment


def unguarded(project: Project) -> Iterator[Finding]:
    """An error for each Store whose place is that of one in an environment that asks for more approvals.

    What is only ever read may be read by all: a Store whose Connector is not a destination.

    Args:
        project: the manifests; Stores that are wrong, or whose technology is not installed, are passed over.
    """
    environments = sorted(project.environments.values(), key=lambda each: -each.spec.approval.needed)
    if len({each.spec.approval.needed for each in environments}) < 2:
        return
    locations = {each.name: _locations(project, each) for each in environments}
    for environment in environments:
        stricter = [each for each in environments if each.spec.approval.needed > environment.spec.approval.needed]
        for store, location in locations[environment.name].items():
            for guard in stricter:
                guarded = next((name for name, at in locations[guard.name].items() if at == location), "")
                if guarded:
                    yield _finding(project, environment, store, location, guard, guarded)
                    break


def _locations(project: Project, environment: Environment) -> dict[str, str]:
    """Where each Store is that an environment may write to; whether its secrets are set is not asked."""
    from datakit_iac.environment.bindings import Bindings
    from datakit_iac.environment.secrets.sources import Secrets
    from datakit_iac.environment.stores import Stores
    from datakit_iac.technologies.technology import technology

    found = Stores(project, environment, Bindings(project, environment), Secrets(()), []).resolved()
    return {
        name: technology(store.connection.technology).location(store.connection)
        for name, store in found.items()
        if store.destination and store.is_installed
    }


def _finding(
    project: Project, environment: Environment, store: str, location: str, guard: Environment, guarded: str
) -> Finding:
    from datakit_iac.environment.bindings import Bindings

    bound = Bindings(project, environment).of_store(store)
    asked, needed = (each.spec.approval.needed for each in (environment, guard))
    message = (
        f"Environment {environment.name} asks for {asked or 'no'} approval{'' if asked == 1 else 's'} and may write "
        f"to Store {store}, where Store {guarded} of {guard.name} is, which asks for {needed}: {location}"
    )
    hint = f"bind {store} to a place of its own in {environment.name}, or let it ask for as many"
    manifest, path = (environment, bound.path) if bound else (project.stores[store], ("spec", "connection"))
    return project.origin(manifest).finding("unguarded-store", message, path, hint=hint)
