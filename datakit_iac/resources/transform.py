"""Transform as a Pulumi resource."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any, Final

import pulumi

from datakit_iac.contract import shapes
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.contract.job import Job
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.pulumi_compat import root_directory
from datakit_iac.resources.arguments import Arguments
from datakit_iac.resources.constructor import reported_together
from datakit_iac.resources.dataset import DataSet
from datakit_iac.resources.known import is_later, said, shown, when_known
from datakit_iac.resources.parts import Text, Texts, Truth
from datakit_iac.resources.store import Store, recorded_in
from datakit_iac.runtimes.definition import definition, given_digest
from datakit_iac.runtimes.definition import given as files
from datakit_iac.runtimes.registry import runtime as installed

DataSets = pulumi.Input[Sequence[pulumi.Input[DataSet]]]

_SOUND: Final = {"inputs": [], "outputs": ["any"]}
"""In place of DataSets that are wrong themselves."""


class Transform(pulumi.CustomResource):
    """Compute that reads DataSets and writes DataSets, as deployed. A `Run` executes it.

    Args:
        resource_name: the Transform's name.
        runtime: the name of an installed runtime, e.g. ``dbt``.
        inputs: the DataSets it reads.
        outputs: the DataSets it writes.
        settings: the runtime's own section, e.g. ``{"project": "models/dbt", "select": ["staging"]}``.
        context: further DataSets that the same code base refers to.
        references: the DataSets that tests of its outputs compare them with; it comes after what writes those.
        schedule: ``{"cron": …, "timezone": …, "suspend": …}`` where it is scheduled.
        timeout: seconds after which a run is stopped.
        env: the variables of its process; a `Secret` is one in the state, and a change of a value runs it again.
        image: the container's image, where the executor runs images.
        command: what is run, and its arguments, of a runtime that has nothing of its own to run.
        resources: ``{"requests": {"cpu": …, "memory": …, "ephemeralStorage": …}, "limits": {…}}``, as Kubernetes.
        retries: how many times a Run is tried again when it failed.
        plugins: the CloudQuery plugins that are used instead of those that ship with datakit, by Store:
            ``{"warehouse": {"destination": {"registry": …, "path": …, "version": …, "spec": …}}}``.
        deployment: a digest of what people approve with it; recorded in the history, so that nothing else runs by a
            schedule or by hand.
        history: the Store that has the history of Runs; a file of the project where it is None.
        approved: whether a Run may use no other files than those that are there now, since these are approved.
        opts: Pulumi's resource options.

    Raises:
        ValueError: a manifest would not take what is given, and no engine runs the program; under the engine, all
            that is wrong in the program is reported at its end.

    """

    @reported_together
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
        image: Text | None = None,
        command: Texts = (),
        resources: pulumi.Input[Mapping[str, Any]] | None = None,
        retries: pulumi.Input[int] | None = None,
        plugins: pulumi.Input[Mapping[str, Any]] | None = None,
        deployment: Text | None = None,
        history: pulumi.Input[Store] | None = None,
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
            image=said(image),
            command=said(command),
            resources=said(resources),
            retries=retries,
            plugins=said(plugins),
            deployment=said(deployment),
            approved=approved,
        )
        store = given.resource("history", history, Store) if history is not None else None
        named = {"inputs": when_known(self.reads, _names), "outputs": when_known(self.writes, _names)}
        given.judge(shapes.Compute, {**self.arguments, **(_SOUND if given.faults else named)})
        defined: Any = None
        if _is_installed(given, self.arguments):
            terms = {
                **self.arguments,
                "env": _variables(self.arguments["env"]),
                "inputs": when_known(self.reads, bound),
                "outputs": when_known(self.writes, bound),
                "context": when_known(self.neighbours, bound),
            }
            defined = given.when_known(terms, partial(_defined, given))
        refused = given.refused()
        #: What would run, a `Job`, or an output of one.
        self.job: Any = refused or when_known(defined, itemgetter(0))
        #: A digest of everything that decides what it computes.
        self.digest: Text = refused or shown(when_known(defined, itemgetter(1)))
        properties = {**_recorded(self.arguments), **named, "name": given.named(self.job), "definition": self.digest}
        properties |= recorded_in(store)
        super().__init__("datakit:index:Transform", resource_name, {"name": refused} if refused else properties, opts)


def _recorded(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that a Transform's own resource receives; the others are its Run's."""
    recorded = ("name", *shapes.Work.model_fields, "schedule", "deployment")
    return {name: arguments[name] for name in recorded if name in arguments}


def _names(datasets: Iterable[DataSet]) -> list[str]:
    return [each.pulumi_resource_name for each in datasets]


def bound(datasets: Iterable[DataSet]) -> list[pulumi.Input[BoundDataSet]]:
    """DataSets as jobs are defined by them."""
    return [each.bound for each in datasets]


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


def _is_installed(given: Arguments, arguments: Mapping[str, Any]) -> bool:
    """Whether a job can be made: nothing is wrong, and its runtime is there as far as it is known."""
    if isinstance(runtime := arguments.get("runtime"), str):
        try:
            installed(runtime)
        except LookupError as missing:
            given.wrong("runtime", str(missing))
    return not given.faults


def _defined(given: Arguments, known: Mapping[str, Any]) -> tuple[Job, str] | None:
    """The job of what is known by now, and the digest of what decides its result; None where it is wrong."""
    named = {each: [dataset.name for dataset in known[each]] for each in ("inputs", "outputs")}
    said = {**known, **named}
    del said["context"]
    compute = given.judge(shapes.Compute, said)
    if not compute or not _is_installed(given, known):
        return None
    context = tuple(each.reference for each in known["context"])
    job = dataclasses.replace(
        compute.made(compute.name, known["inputs"], known["outputs"], context=context, environment=pulumi.get_stack()),
        variables=known["env"],  # what is secret among them, a judgement does not tell
    )
    with contextlib.chdir(root_directory()):  # from which the paths in the settings count, as in the provider
        try:
            digest = definition(job)
            return (dataclasses.replace(job, given=given_digest(files(job))) if known["approved"] else job), digest
        except Exception:
            faults = installed(job.runtime).check(job)
            if not faults:
                raise
            for fault in faults:
                given.wrong("settings", str(fault))
            return None
