"""Facts of a project as one environment means it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from datakit_iac.environment.model import ResolvedDataSet, ResolvedProject, ResolvedStore, ResolvedTransform
from datakit_iac.manifest.models.column import Column, Test
from datakit_iac.manifest.models.connector import Connector
from datakit_iac.manifest.models.environment import Environment
from datakit_iac.manifest.models.transform import TransformSpec
from datakit_iac.manifest.values.quantity import amount
from datakit_iac.policy.model import (
    ColumnFacts,
    ConnectorFacts,
    DataSetFacts,
    EnvironmentFacts,
    Reference,
    StoreFacts,
    TransformFacts,
)
from datakit_iac.policy.project_facts import ProjectFacts
from datakit_iac.runtimes.documentation import ModelDocumentation

if TYPE_CHECKING:  # a project that is only read needs no shapes of resources
    from datakit_iac.contract.shapes import Contract

References = Mapping[tuple[str, str], tuple[Reference, ...]]


def gather(
    resolved: ResolvedProject,
    elsewhere: Mapping[str, ModelDocumentation] | None = None,
    beside: Mapping[str, tuple[str, ...]] | None = None,
) -> ProjectFacts:
    """The facts of a project.

    Args:
        resolved: the project in one environment.
        elsewhere: what the tools that make DataSets say of them, by DataSet.
        beside: what Transforms make that is none of their outputs, by Transform.
    """
    written, references = resolved.graph.writers, _references(resolved)
    documented = elsewhere or {}
    return ProjectFacts(
        environment=_environment(resolved.environment),
        connectors={name: _connector(name, each, references) for name, each in resolved.connectors.items()},
        stores={name: _store(each, resolved, references) for name, each in resolved.stores.items()},
        datasets={
            name: _dataset(each, name in written, documented.get(name, ModelDocumentation()))
            for name, each in resolved.datasets.items()
        },
        transforms={
            name: _transform(each, references, (beside or {}).get(name, ()))
            for name, each in resolved.transforms.items()
        },
        groups={name: tuple(group.spec.datasets) for name, group in resolved.project.groups.items()},
    )


def _environment(environment: Environment) -> EnvironmentFacts:
    spec = environment.spec
    allowed = None if spec.connectors is None else {each.name: each.version for each in spec.connectors}
    quotas = spec.quotas.model_dump(by_alias=True, exclude_none=True)
    return EnvironmentFacts(environment.name, spec.versions, allowed, quotas, spec.approval.needed > 0)


def _references(resolved: ResolvedProject) -> References:
    found: dict[tuple[str, str], list[Reference]] = {}
    for each in resolved.versions:
        reference = Reference(each.kind, each.name, each.constraint, each.is_exact, each.path)
        found.setdefault((each.manifest.kind, each.manifest.identity), []).append(reference)
    return {key: tuple(references) for key, references in found.items()}


def _connector(name: str, connector: Connector, references: References) -> ConnectorFacts:
    spec = connector.spec
    referred = references.get(("Connector", connector.identity), ())
    return ConnectorFacts(name, spec.type, connector.version or "", spec.provider, referred)


def _store(store: ResolvedStore, resolved: ResolvedProject, references: References) -> StoreFacts:
    connector = _in_use(store, resolved)
    version = store.version if connector and connector.name == store.connector else connector and connector.version
    return StoreFacts(
        store.name,
        connector=connector.name if connector else store.connection.technology,
        technology=store.connection.technology,
        version=version or "",
        description=resolved.project.stores[store.name].spec.description,
        references=references.get(("Store", store.name), ()),
    )


def _in_use(store: ResolvedStore, resolved: ResolvedProject) -> Connector | None:
    """The Connector that the binding comes to: the Store's own, or the one of the technology that is bound instead."""
    own, technology = resolved.project.connectors[store.connector], store.connection.technology
    if own.spec.type == technology:
        return own
    return next((each for each in resolved.project.connectors.values() if each.spec.type == technology), None)


def _dataset(dataset: ResolvedDataSet, is_output: bool, elsewhere: ModelDocumentation) -> DataSetFacts:
    manifest, contract = dataset.manifest, dataset.contract
    beside = DataSetFacts(
        name=manifest.name,
        store="",
        version=manifest.version or "",
        labels=manifest.metadata.labels,
        is_output=is_output,
        is_external=contract.external,
        elsewhere=elsewhere,
    )
    return of_contract(contract, beside)


def of_contract(contract: Contract, beside: DataSetFacts) -> DataSetFacts:
    """The facts of a contract.

    Args:
        contract: what a manifest or a resource says.
        beside: what else is known of the DataSet.
    """
    return replace(
        beside,
        store=contract.store.name,
        place=str(contract.place),
        format=contract.place.format or "",
        description=contract.description,
        classification=contract.classification or "",
        tier=contract.tier or "",
        owner=contract.owner,
        retention=contract.retention,
        columns=tuple(map(of_column, contract.columns)),
        tests=of_tests(contract.tests),
    )


def of_column(column: Column) -> ColumnFacts:
    """The facts of a column."""
    return ColumnFacts(
        name=column.name,
        type=str(column.type),
        description=column.description,
        pii=column.pii,
        masking=column.masking or "",
        sources=tuple(column.from_),
        has_lineage="from_" in column.model_fields_set,
        tests=of_tests(column.tests),
        nullable=column.nullable,
        primary_key=column.primary_key,
    )


def of_tests(tests: Iterable[Test]) -> tuple[str, ...]:
    """The names of tests."""
    return tuple(name for test in tests for name in sorted(test.model_fields_set))


def _transform(transform: ResolvedTransform, references: References, beside: tuple[str, ...]) -> TransformFacts:
    manifest, spec, job = transform.manifest, transform.manifest.spec, transform.job
    schedule = spec.trigger.schedule
    return TransformFacts(
        name=manifest.name,
        runtime=spec.runtime,
        mode=spec.mode,
        description=spec.description or manifest.metadata.description,
        inputs=tuple(each.name for each in job.inputs),
        outputs=tuple(each.name for each in job.outputs),
        beside=beside,
        trigger=spec.trigger.policy,
        cron=schedule.cron if schedule and not schedule.suspend else "",
        labels=manifest.metadata.labels,
        cpu=spec.replicas * _asked(spec, "cpu"),
        memory=spec.replicas * _asked(spec, "memory"),
        references=references.get(("Transform", manifest.name), ()),
    )


def _asked(spec: TransformSpec, resource: str) -> Decimal:
    """What one replica asks for: its request, or its limit where it makes none, as Kubernetes counts."""
    asked = getattr(spec.resources.requests, resource) or getattr(spec.resources.limits, resource)
    return amount(asked) if asked else Decimal()
