"""Transform and Run as Pulumi resources."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pulumi

from datakit_iac.contract import shapes
from datakit_iac.contract.faults import demand
from datakit_iac.manifest.secret import Secret
from datakit_iac.pulumi_compat import root_directory
from datakit_iac.resources.dataset import DataSet, dumped
from datakit_iac.runtimes.definition import definition, digest, given, given_digest
from datakit_iac.runtimes.job import Job


class Transform(pulumi.CustomResource):
    """Compute that reads DataSets and writes DataSets, as deployed. A `Run` executes it.

    Args:
        resource_name: the Transform's name.
        runtime: ``cloudquery`` or ``dbt``.
        inputs: the DataSets it reads.
        outputs: the DataSets it writes.
        settings: the runtime's own section, e.g. ``{"project": "models/dbt", "select": ["staging"]}``.
        context: further DataSets that the same code base refers to.
        references: the DataSets that tests of its outputs compare them with; it comes after what writes those.
        schedule: ``{"cron": …, "timezone": …, "suspend": …}`` where it is scheduled.
        timeout: seconds after which a run is stopped.
        env: the variables of its process; a `Secret` is one in the state, and a change of a value runs it again.
        approved: whether a Run may use no other files than those that are there now, since these are approved.
        opts: Pulumi's resource options.

    Raises:
        ValueError: a manifest would not take what is given; every fault is told.

    Attributes:
        digest: of everything that decides what it computes.
        job: what would run.
        reads: the DataSets it reads.
        writes: the DataSets it writes.
        neighbours: further DataSets that its code base refers to.
        tested_against: the DataSets that tests of its outputs compare them with.
    """

    def __init__(
        self,
        resource_name: str,
        *,
        runtime: str,
        inputs: Sequence[DataSet] = (),
        outputs: Sequence[DataSet],
        settings: Mapping[str, Any] | None = None,
        context: Sequence[DataSet] = (),
        references: Sequence[DataSet] = (),
        schedule: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        env: Mapping[str, str | Secret] | None = None,
        approved: bool = False,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        self.reads, self.writes, self.neighbours = tuple(inputs), tuple(outputs), tuple(context)
        self.tested_against = tuple(references)
        self.job = Job(
            transform=resource_name,
            runtime=runtime,
            settings=dict(settings or {}),
            inputs=tuple(each.bound for each in self.reads),
            outputs=tuple(each.bound for each in self.writes),
            context=tuple(each.bound.reference for each in self.neighbours),
            timeout=timeout,
            variables=dict(env or {}),
        )
        with contextlib.chdir(root_directory()):  # from which the paths in the settings count, as in the provider
            self.digest = definition(self.job)
            if approved:
                self.job = dataclasses.replace(self.job, given=given_digest(given(self.job)))
        properties: dict[str, Any] = {
            "name": resource_name,
            "runtime": runtime,
            "settings": self.job.settings,
            "inputs": [each.name for each in self.job.inputs],
            "outputs": [each.name for each in self.job.outputs],
            "schedule": dict(schedule) if schedule else None,
            "definition": self.digest,
        }
        demand(shapes.Transform, properties)
        super().__init__("datakit:index:Transform", resource_name, properties, opts)


class Run(pulumi.CustomResource):
    """One execution of a Transform. It happens again when the definition, an input or what it fills has changed.

    Args:
        resource_name: the Run's name, by custom the Transform's.
        transform: what is run.
        quotas: what the environment may use: ``concurrentRuns``, and ``storage`` with the ``stores`` that count.
        opts: Pulumi's resource options.

    Attributes:
        counts: rows by table, or models and tests by result.
        written: the version of each DataSet it wrote; the same content stops the chain.
    """

    counts: pulumi.Output[dict[str, int]]
    written: pulumi.Output[dict[str, str]]

    def __init__(
        self,
        resource_name: str,
        *,
        transform: Transform,
        quotas: Mapping[str, Any] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        properties: dict[str, Any] = {
            "transform": _signature(transform),
            "runtime": transform.job.runtime,
            "settings": transform.job.settings,
            "inputs": [each.contract for each in transform.reads],
            "outputs": [each.contract for each in transform.writes],
            "context": _context(transform.job),
            "env": {name: _sealed(each) for name, each in transform.job.variables.items()} or None,
            "given": transform.job.given or None,
            "timeout": transform.job.timeout,
            "quotas": dict(quotas) if quotas else None,
            "definition": transform.digest,
            "tests": _tests(transform.job),
            "versions": {each.bound.name: each.version for each in transform.reads},
            "references": {each.bound.name: each.version for each in transform.tested_against} or None,
            "generations": {each.bound.name: each.generation for each in transform.writes},
            "counts": None,
            "written": None,
        }
        after = pulumi.ResourceOptions(depends_on=[transform])
        super().__init__("datakit:index:Run", resource_name, properties, pulumi.ResourceOptions.merge(after, opts))
        for each in transform.writes:
            each.is_written(self.written.apply(partial(_version_of, each.bound.name)))


def _signature(transform: Transform) -> pulumi.Output[str]:
    """The name that a Run signs its rows with, known once the Transform is deployed: an update may leave that out.

    Of a Transform that was renamed it is the former one, which is its ID, unless rows of former writers are stale.
    """
    is_replaced = all(each.bound.writers is not None for each in transform.writes)
    return transform.id.apply(lambda former: transform.job.transform if is_replaced else former)


def _version_of(name: str, written: Mapping[str, str]) -> str:
    return written.get(name, "")  # of a Run that failed, none


def _sealed(value: str | Secret) -> pulumi.Input[str]:
    return pulumi.Output.secret(value.reveal()) if isinstance(value, Secret) else value


def _context(job: Job) -> dict[str, dict[str, str]]:
    """The tables that the code base refers to, by Store and name; each Run of one dbt project has all of them."""
    tables: dict[str, dict[str, str]] = {}
    for each in job.context:
        if each.place.table is not None:
            tables.setdefault(each.store, {})[each.name] = each.place.table
    return tables


def _tests(job: Job) -> str:
    """A digest of the tests of the outputs: when only they changed, the data is tested again and not made again."""
    return digest(
        {
            each.name: [dumped(each.tests), {column.name: dumped(column.tests) for column in each.columns}]
            for each in job.outputs
        }
    )
