"""Transform and Run as Pulumi resources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from datakit_iac.resources.dataset import DataSet
from datakit_iac.runtimes.job import Job
from datakit_iac.runtimes.registry import runtime as find_runtime


class Transform(pulumi.CustomResource):
    """Compute that reads DataSets and writes DataSets, as deployed. A `Run` executes it.

    Args:
        resource_name: the Transform's name.
        runtime: ``cloudquery`` or ``dbt``.
        inputs: the DataSets it reads.
        outputs: the DataSets it writes.
        settings: the runtime's own section, e.g. ``{"project": "models/dbt", "select": ["staging"]}``.
        context: further DataSets that the same code base refers to.
        schedule: ``{"cron": …, "timezone": …, "suspend": …}`` where it is scheduled.
        timeout: seconds after which a run is stopped.
        opts: Pulumi's resource options.

    Attributes:
        definition: a digest of everything that decides what it computes.
    """

    definition: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        runtime: str,
        inputs: Sequence[DataSet] = (),
        outputs: Sequence[DataSet],
        settings: Mapping[str, Any] | None = None,
        context: Sequence[DataSet] = (),
        schedule: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        self.name, self.runtime = resource_name, runtime
        self.inputs, self.outputs, self.context = tuple(inputs), tuple(outputs), tuple(context)
        self.settings, self.timeout = dict(settings or {}), timeout
        job = Job(
            transform=resource_name,
            runtime=runtime,
            settings=self.settings,
            inputs=tuple(each.bound for each in self.inputs),
            outputs=tuple(each.bound for each in self.outputs),
            context=tuple(each.bound for each in self.context),
        )
        properties: dict[str, Any] = {
            "name": resource_name,
            "runtime": runtime,
            "settings": self.settings,
            "inputs": [each.name for each in self.inputs],
            "outputs": [each.name for each in self.outputs],
            "schedule": dict(schedule) if schedule else None,
            "definition": find_runtime(runtime).definition(job),
        }
        super().__init__("datakit:index:Transform", resource_name, properties, opts)


class Run(pulumi.CustomResource):
    """One execution of a Transform. It happens again when the definition, an input or what it fills has changed.

    Args:
        resource_name: the Run's name, by custom the Transform's.
        transform: what is run.
        opts: Pulumi's resource options.

    Attributes:
        counts: rows by table, or models and tests by result.
        output_versions: what tells each output's content from any other; the same content stops the chain.
    """

    counts: pulumi.Output[dict[str, int]]

    def __init__(self, resource_name: str, *, transform: Transform, opts: pulumi.ResourceOptions | None = None) -> None:
        properties: dict[str, Any] = {
            "transform": transform.name,
            "runtime": transform.runtime,
            "settings": transform.settings,
            "inputs": [each.contract for each in transform.inputs],
            "outputs": [each.contract for each in transform.outputs],
            "context": [each.contract for each in transform.context],
            "timeout": transform.timeout,
            "definition": transform.definition,
            "versions": {each.name: each.version or each.fingerprint() for each in transform.inputs},
            "generations": {each.name: each.generation for each in transform.outputs},
            "counts": None,
            "outputVersions": None,
        }
        super().__init__("datakit:index:Run", resource_name, properties, opts)
        for each in transform.outputs:
            each.version = self.output_versions[each.name]

    @property
    @pulumi.getter(name="outputVersions")
    def output_versions(self) -> pulumi.Output[dict[str, str]]:
        """The version of each output, by DataSet name."""
        versions: pulumi.Output[dict[str, str]] = pulumi.get(self, "output_versions")
        return versions
