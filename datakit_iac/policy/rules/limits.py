"""Rules on what an environment allows: Connectors and quotas."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from datakit_iac.manifest.values.duration import seconds
from datakit_iac.manifest.values.quantity import amount
from datakit_iac.manifest.values.versions import satisfies
from datakit_iac.policy.model import EnvironmentFacts, StoreFacts, TransformFacts
from datakit_iac.policy.project_facts import ProjectFacts
from datakit_iac.policy.rule import NoArguments, Violation, rule
from datakit_iac.policy.schedules import shortest_interval


def _lists_connectors(environment: EnvironmentFacts) -> bool:
    return environment.connectors is not None


@rule("connectors-allowed", "store", applies=_lists_connectors)
def connectors_allowed(store: StoreFacts, _: NoArguments, project: ProjectFacts) -> Iterator[Violation]:
    """Stores are of the Connectors, and the versions of them, that the environment lists under `connectors`."""
    allowed, environment = project.environment.connectors, project.environment.name
    if allowed is None:
        return
    if store.connector not in allowed:
        message = f"Store {store.name} is of Connector {store.connector}, which {environment} does not allow"
        hint = f"allowed: {', '.join(sorted(allowed)) or 'none'}"
        yield Violation(store.target, ("spec", "connector"), message, hint)
    elif (wanted := allowed[store.connector]) and not _is_within(store.version, wanted):
        found = f"version {store.version} of it" if store.version else "no version of it"
        message = f"{environment} allows Connector {store.connector} {wanted}; Store {store.name} has {found}"
        yield Violation(store.target, ("spec", "connector"), message, f"a Connector of version {wanted}")


def _is_within(version: str, wanted: str) -> bool:
    try:
        return bool(version) and satisfies(version, wanted)
    except ValueError:  # the environment's own fault, reported where it is read
        return True


_SUMS: Final = ("cpu", "memory")


def _has_quotas(environment: EnvironmentFacts) -> bool:
    return bool(environment.quotas)


@rule("quotas", "transform", "project", applies=_has_quotas)
def quotas(subject: TransformFacts | ProjectFacts, _: NoArguments, project: ProjectFacts) -> Iterator[Violation]:
    """The project keeps to the environment's `quotas`: so many Transforms, so often, so much CPU and memory."""
    if isinstance(subject, TransformFacts):
        yield from _too_often(subject, project.environment)
        return
    limits, environment = subject.environment.quotas, subject.environment
    count, limit = len(subject.transforms), limits.get("transforms")
    if isinstance(limit, int) and count > limit:
        message = f"there are {count} Transforms; {environment.name} holds {limit}"
        yield Violation(subject.target, ("spec", "quotas", "transforms"), message, "raise the quota, or remove some")
    for resource in _SUMS:
        if resource in limits and (total := _total(subject, resource)) > amount(str(limits[resource])):
            message = f"the Transforms ask for {_text(total)} of {resource} together"
            expected = f"{environment.name} has {limits[resource]}"
            path = ("spec", "quotas", resource)
            yield Violation(subject.target, path, f"{message}; {expected}", "raise the quota, or ask for less")


def _total(project: ProjectFacts, resource: str) -> Decimal:
    return sum((getattr(transform, resource) for transform in project.transforms.values()), Decimal())


_BINARY: Final = ((2**40, "Ti"), (2**30, "Gi"), (2**20, "Mi"))


def _text(amount: Decimal) -> str:
    factor, unit = next((each for each in _BINARY if amount >= each[0]), (1, ""))
    return f"{float(amount / factor):g}{unit}"


def _too_often(transform: TransformFacts, environment: EnvironmentFacts) -> Iterator[Violation]:
    limit = environment.quotas.get("minScheduleInterval")
    if not limit or not transform.cron:
        return
    if (interval := shortest_interval(transform.cron)) < seconds(str(limit)):
        message = f"Transform {transform.name} starts every {interval:g} s; {environment.name} allows every {limit}"
        yield Violation(transform.target, ("spec", "trigger", "schedule", "cron"), message, f"every {limit}, or rarer")
