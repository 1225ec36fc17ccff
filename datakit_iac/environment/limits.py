"""What every Run of an environment must keep to, and what of it people approve."""

from __future__ import annotations

from typing import Any

from datakit_iac.environment.model import ResolvedProject, ResolvedTransform
from datakit_iac.manifest.models.environment import Environment, ExecutorSection
from datakit_iac.runtimes.definition import definition, digest, given_digest
from datakit_iac.runtimes.definition import given as files


def executor(environment: Environment) -> dict[str, Any] | None:
    """Where every Run runs; None for the default, which the state does not repeat."""
    said = environment.spec.executor
    return None if said == ExecutorSection() else said.model_dump(mode="json", by_alias=True)


def quotas(resolved: ResolvedProject) -> dict[str, Any]:
    """What every Run must keep to; what is only read, since others fill it, counts for nothing."""
    asked = resolved.environment.spec.quotas
    stores = {
        name: {"technology": store.connection.technology, "connection": dict(store.connection.options)}
        for name, store in resolved.stores.items()
        if store.destination
    }
    runs = {"concurrentRuns": asked.concurrent_runs} if asked.concurrent_runs else {}
    return runs | ({"storage": asked.storage, "stores": stores} if asked.storage else {})


def deployment(resolved: ResolvedProject, transform: ResolvedTransform) -> str:
    """A digest of all that an update deploys of a Transform: what it computes, where, and when.

    Where people must approve, a Run outside of an update needs the one that was deployed last.
    """
    job, trigger = transform.job, transform.manifest.spec.trigger
    stores = {
        each.name: [str(each.place), each.store, each.connection.technology, dict(each.connection.options)]
        for each in (*job.inputs, *job.outputs)
    }
    return digest(
        {
            "definition": definition(job),
            "given": given_digest(files(job)),
            "stores": stores,
            "trigger": trigger.model_dump(mode="json"),
            "executor": executor(resolved.environment),
            "timeout": job.timeout,
            "retries": job.retries,
            "resources": job.resources.dumped(),
        }
    )
