"""Transform and Run as Pulumi resources."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import pulumi

from datakit_iac.contract import shapes
from datakit_iac.manifest.secret import Secret
from datakit_iac.pulumi_compat import root_directory
from datakit_iac.resources.arguments import Arguments, told_in_full
from datakit_iac.resources.dataset import DataSet, dumped
from datakit_iac.resources.known import is_later, said, shown, when_known
from datakit_iac.resources.order import declare, version_for
from datakit_iac.resources.parts import Text, Truth
from datakit_iac.resources.program import program
from datakit_iac.runtimes.definition import definition, digest, given_digest
from datakit_iac.runtimes.definition import given as given_files
from datakit_iac.runtimes.job import Job
from datakit_iac.runtimes.registry import runtime as installed
from datakit_iac.technologies.bound import BoundDataSet

DataSets = pulumi.Input[Sequence[pulumi.Input[DataSet]]]

_SOUND: Final = {"inputs": [], "outputs": ["any"]}
"""In place of DataSets that are wrong themselves."""


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
        ValueError: a manifest would not take what is given, and no engine runs the program; under the engine, all
            that is wrong in the program is told at its end.

    """

    @told_in_full
    def __init__(
        self,
        resource_name: str,
        *,
        runtime: Text,
        inputs: DataSets = (),
        outputs: DataSets,
        settings: pulumi.Input[Mapping[str, Any]] | None = None,
        context: DataSets = (),
        references: DataSets = (),
        schedule: pulumi.Input[Mapping[str, Any]] | None = None,
        timeout: pulumi.Input[float] | None = None,
        env: pulumi.Input[Mapping[str, pulumi.Input[str] | Secret]] | None = None,
        approved: Truth = False,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        given = Arguments.of(self)
        self.reads = given.resources("inputs", inputs, DataSet)
        self.writes = given.resources("outputs", outputs, DataSet)
        self.neighbours = given.resources("context", context, DataSet)
        self.tested_against = given.resources("references", references, DataSet)
        self.arguments = given.plain(
            shapes.Compute,
            name=resource_name,
            runtime=runtime,
            settings=settings or {},
            schedule=said(schedule),
            timeout=timeout,
            env=env or {},
            approved=approved,
        )
        named = {"inputs": when_known(self.reads, _names), "outputs": when_known(self.writes, _names)}
        given.judge(shapes.Compute, {**self.arguments, **(_SOUND if given.faults else named)})
        job: Any = None
        digest: Any = None
        if _is_installed(given, self.arguments):
            job = given.when_known(
                {
                    **self.arguments,
                    "env": _variables(self.arguments["env"]),
                    "inputs": when_known(self.reads, _bound),
                    "outputs": when_known(self.writes, _bound),
                    "context": when_known(self.neighbours, _bound),
                },
                partial(_job, given),
            )
            digest = shown(given.when_known(job, partial(_definition, given)))
        refused = given.refused()
        #: What would run, a `Job`, or an output of one.
        self.job: Any = refused or job
        #: A digest of everything that decides what it computes.
        self.digest: Text = refused or digest
        properties = {**_recorded(self.arguments), **named, "definition": self.digest}
        super().__init__("datakit:index:Transform", resource_name, {"name": refused} if refused else properties, opts)


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

    @told_in_full
    def __init__(
        self,
        resource_name: str,
        *,
        transform: pulumi.Input[Transform],
        quotas: pulumi.Input[Mapping[str, Any]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        given = Arguments.of(self)
        transform = given.resource("transform", transform, Transform)
        limits = given.plain(shapes.Limited, quotas=said(quotas))
        given.judge(shapes.Limited, limits)
        self.place = given.place
        self.reads: tuple[DataSet, ...] = ()
        self.writes: tuple[DataSet, ...] = ()
        refused = given.refused()
        told: dict[str, Any] = {"name": refused} if refused else self._told(transform)
        after = pulumi.ResourceOptions(depends_on=None if refused else [transform])
        super().__init__(
            "datakit:index:Run",
            resource_name,
            {**told, **limits, "counts": None, "written": None},
            pulumi.ResourceOptions.merge(after, opts),
        )
        if not refused:
            declared = when_known(when_known(transform, _datasets), self._declare)
            if is_later(declared):
                program().undecided.append(declared)

    def version_of(self, dataset: DataSet) -> pulumi.Output[str]:
        """The version that it gives a DataSet which it writes."""
        return self.written.apply(partial(_version_of, dataset.pulumi_resource_name))

    def _told(self, transform: Any) -> dict[str, Any]:
        """What the provider is told, each part by itself: what is unknown or secret in one is not so in others."""
        versions = partial(_each, lambda dataset: version_for(dataset, self))
        parts: dict[str, Callable[[Transform], Any]] = {
            "transform": _signature,
            "runtime": lambda of: of.arguments["runtime"],
            "settings": lambda of: of.arguments["settings"],
            "inputs": lambda of: when_known(of.reads, _contracts),
            "outputs": lambda of: when_known(of.writes, _contracts),
            "context": lambda of: when_known(when_known(of.neighbours, _bound), _context),
            "env": lambda of: when_known(of.arguments["env"], _sealed),
            "given": lambda of: shown(when_known(of.job, lambda job: job.given or None)),
            "timeout": lambda of: of.arguments.get("timeout"),
            "definition": lambda of: of.digest,
            "tests": lambda of: when_known(when_known(of.writes, _bound), _tests),
            "versions": lambda of: when_known(of.reads, versions),
            "references": lambda of: when_known(of.tested_against, versions) or None,
            "generations": lambda of: when_known(of.writes, partial(_each, lambda dataset: dataset.generation)),
        }
        return {name: when_known(transform, part) for name, part in parts.items()}

    def _declare(self, datasets: Sequence[Sequence[DataSet]]) -> None:
        read, tested_against, written = datasets
        self.reads, self.writes = (*read, *tested_against), tuple(written)
        declare(self)


def _datasets(transform: Transform) -> list[Any]:
    """What it reads, what its tests read, and what it writes."""
    return [transform.reads, transform.tested_against, transform.writes]


def _recorded(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that a Transform's own resource is told; the others are its Run's."""
    return {name: arguments[name] for name in ("name", "runtime", "settings", "schedule") if name in arguments}


def _names(datasets: Iterable[DataSet]) -> list[str]:
    return [each.pulumi_resource_name for each in datasets]


def _bound(datasets: Iterable[DataSet]) -> list[pulumi.Input[BoundDataSet]]:
    return [each.bound for each in datasets]


def _contracts(datasets: Iterable[DataSet]) -> list[dict[str, Any]]:
    return [each.contract for each in datasets]


def _each(of: Callable[[DataSet], pulumi.Output[str]], datasets: Iterable[DataSet]) -> dict[str, pulumi.Output[str]]:
    return {each.pulumi_resource_name: of(each) for each in datasets}


def _variables(env: Any) -> Any:
    """The variables by which a job is defined; an output that is a secret counts as one."""
    if isinstance(env, Mapping):
        return {name: _hidden(value) if is_later(value) else value for name, value in env.items()}
    return _hidden(env)


def _hidden(output: pulumi.Output[Any]) -> pulumi.Output[Any]:
    async def hidden(value: Any) -> Any:
        if not await output.is_secret():
            return value
        return {name: Secret(each) for name, each in value.items()} if isinstance(value, Mapping) else Secret(value)

    return output.apply(hidden)


def _sealed(env: Any) -> Any:
    """The variables as the engine is told them."""
    sealed = {
        name: pulumi.Output.secret(value.reveal()) if isinstance(value, Secret) else value
        for name, value in env.items()
    }
    return sealed or None


def _is_installed(given: Arguments, arguments: Mapping[str, Any]) -> bool:
    """Whether a job can be made: nothing is wrong, and its runtime is there as far as it is known."""
    if isinstance(runtime := arguments.get("runtime"), str):
        try:
            installed(runtime)
        except LookupError as missing:
            given.wrong("runtime", str(missing))
    return not given.faults


def _job(given: Arguments, known: Mapping[str, Any]) -> Job | None:
    """The job of what is known by now; None where it is wrong."""
    said = {
        **known,
        "inputs": [each.name for each in known["inputs"]],
        "outputs": [each.name for each in known["outputs"]],
    }
    said.pop("context")
    if not given.judge(shapes.Compute, said) or not _is_installed(given, known):
        return None
    job = Job(
        transform=known["name"],
        runtime=known["runtime"],
        settings=known["settings"],
        inputs=tuple(known["inputs"]),
        outputs=tuple(known["outputs"]),
        context=tuple(each.reference for each in known["context"]),
        timeout=known.get("timeout"),
        variables=known["env"],
    )
    if not known["approved"]:
        return job
    with contextlib.chdir(root_directory()):
        return dataclasses.replace(job, given=given_digest(given_files(job)))


def _definition(given: Arguments, job: Job | None) -> str | None:
    """The digest of what decides the result; None where that cannot be told, since something is wrong."""
    if job is None:
        return None
    with contextlib.chdir(root_directory()):  # from which the paths in the settings count, as in the provider
        try:
            return definition(job)
        except Exception:
            faults = installed(job.runtime).check(job)
            if not faults:
                raise
            for fault in faults:
                given.wrong("settings", fault)
            return None


def _signature(transform: Transform) -> pulumi.Output[str]:
    """The name that a Run signs its rows with, known once the Transform is deployed: an update may leave that out.

    Of a Transform that was renamed it is the former one, which is its ID, unless rows of former writers are stale.
    """
    is_replaced = when_known(
        when_known(transform.writes, _bound), lambda written: all(each.writers is not None for each in written)
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
