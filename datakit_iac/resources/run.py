"""Run as a Pulumi resource."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import pulumi

from datakit_iac.contract import shapes
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.resources.arguments import Arguments
from datakit_iac.resources.constructor import reported_together
from datakit_iac.resources.dataset import DataSet, dumped
from datakit_iac.resources.known import is_later, said, shown, when_known
from datakit_iac.resources.order import declare, version_for
from datakit_iac.resources.program import program
from datakit_iac.resources.store import Store, recorded_in
from datakit_iac.resources.transform import Transform, bound
from datakit_iac.runtimes.definition import digest


class Run(pulumi.CustomResource):
    """One execution of a Transform. It happens again when the definition, an input or what it fills has changed.

    Args:
        resource_name: the Run's name, by custom the Transform's.
        transform: what is run.
        quotas: what the environment may use: ``concurrentRuns``, and ``storage`` with the ``stores`` that count.
        executor: where it runs: ``{"type": …}`` and its settings; ``local`` where it is None.
        history: the Store that has the history of Runs; a file of the project where it is None.
        opts: Pulumi's resource options.

    Attributes:
        counts: rows by table, or models and tests by result.
        written: the version of each DataSet it wrote; the same content stops the chain.
    """

    counts: pulumi.Output[dict[str, int]]
    written: pulumi.Output[dict[str, str]]

    @reported_together
    def __init__(
        self,
        resource_name: str,
        *,
        transform: pulumi.Input[Transform],
        quotas: pulumi.Input[Mapping[str, Any]] | None = None,
        executor: pulumi.Input[Mapping[str, Any]] | None = None,
        history: pulumi.Input[Store] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        given = Arguments.of(self)
        transform = given.resource("transform", transform, Transform)
        store = given.resource("history", history, Store) if history is not None else None
        limits = given.plain(shapes.Limited, quotas=said(quotas), executor=said(executor))
        given.judge(shapes.Limited, limits)
        self.place = given.place
        self.reads: tuple[DataSet, ...] = ()
        self.writes: tuple[DataSet, ...] = ()
        refused = given.refused()
        sent: dict[str, Any] = {"name": refused} if refused else self._properties(transform)
        after = pulumi.ResourceOptions(depends_on=None if refused else [transform])
        super().__init__(
            "datakit:index:Run",
            resource_name,
            {**sent, **limits, **recorded_in(store), "counts": None, "written": None},
            pulumi.ResourceOptions.merge(after, opts),
        )
        if not refused:
            declared = when_known(when_known(transform, _datasets), self._declare)
            if is_later(declared):
                program().undecided.append(declared)

    def version_of(self, dataset: DataSet) -> pulumi.Output[str]:
        """The version that it gives a DataSet which it writes."""
        return self.written.apply(partial(_version_of, dataset.pulumi_resource_name))

    def _properties(self, transform: Any) -> dict[str, Any]:
        """What the provider receives, each part by itself: what is unknown or secret in one is not so in others."""
        versions = partial(_each, lambda dataset: version_for(dataset, self))
        parts: dict[str, Callable[[Transform], Any]] = {
            "transform": _signature,
            **{name: partial(_argument, name) for name in (*shapes.Work.model_fields, "timeout", "plugins")},
            "inputs": lambda of: when_known(of.reads, _contracts),
            "outputs": lambda of: when_known(of.writes, _contracts),
            "context": lambda of: when_known(when_known(of.neighbours, bound), _context),
            "env": lambda of: _sealed(of.arguments["env"]),
            "given": lambda of: shown(when_known(of.job, lambda job: job.given or None)),
            "definition": lambda of: of.digest,
            "tests": lambda of: when_known(when_known(of.writes, bound), _tests),
            "versions": lambda of: when_known(of.reads, versions),
            "references": lambda of: when_known(of.tested_against, versions) or None,
            "generations": lambda of: when_known(of.writes, partial(_each, lambda dataset: dataset.generation)),
        }
        return {name: when_known(transform, part) for name, part in parts.items()}

    def _declare(self, datasets: Sequence[Sequence[DataSet]]) -> None:
        read, tested_against, written = datasets
        self.reads, self.writes = (*read, *tested_against), tuple(written)
        declare(self)


def _argument(name: str, transform: Transform) -> Any:
    return transform.arguments.get(name)


def _datasets(transform: Transform) -> list[Any]:
    """What it reads, what its tests read, and what it writes."""
    return [transform.reads, transform.tested_against, transform.writes]


def _contracts(datasets: Iterable[DataSet]) -> list[dict[str, Any]]:
    return [each.contract for each in datasets]


def _each(of: Callable[[DataSet], pulumi.Output[str]], datasets: Iterable[DataSet]) -> dict[str, pulumi.Output[str]]:
    return {each.pulumi_resource_name: of(each) for each in datasets}


def _sealed(env: Any) -> Any:
    """The variables as the engine receives them."""
    if not isinstance(env, Mapping):
        return env
    return {
        name: pulumi.Output.secret(value.reveal()) if isinstance(value, Secret) else value
        for name, value in env.items()
    } or None


def _signature(transform: Transform) -> pulumi.Output[str]:
    """The name that a Run signs its rows with, known once the Transform is deployed: an update may leave that out.

    Of a Transform that was renamed it is the former one, which is its ID, unless rows of former writers are stale.
    """
    is_replaced = when_known(
        when_known(transform.writes, bound), lambda written: all(each.writers is not None for each in written)
    )
    signed: pulumi.Output[str] = pulumi.Output.all(transform.id, is_replaced).apply(
        lambda known: transform.arguments["name"] if known[1] else known[0]
    )
    return signed


def _version_of(name: str, written: Mapping[str, str]) -> str:
    return written.get(name, "")  # of a Run that failed, none


def _context(datasets: Iterable[BoundDataSet]) -> dict[str, dict[str, str]]:
    """The tables that the code base refers to, by Store and name; each Run of one dbt project has all of them."""
    tables: dict[str, dict[str, str]] = {}
    for each in datasets:
        if each.place.table is not None:
            tables.setdefault(each.store, {})[each.name] = each.place.table
    return tables


def _tests(outputs: Iterable[BoundDataSet]) -> str:
    """A digest of the tests of the outputs: when only they changed, the data is tested again and not made again."""
    return digest(
        {
            each.name: [dumped(each.tests), {column.name: dumped(column.tests) for column in each.columns}]
            for each in outputs
        }
    )
