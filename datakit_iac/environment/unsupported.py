"""What manifests may say and this version does not do: told, never silently passed over."""

from __future__ import annotations

from collections.abc import Iterator

from datakit_iac.environment.unused import unused
from datakit_iac.environment.workloads import incomplete
from datakit_iac.executors.protocol import Configurable
from datakit_iac.executors.registry import DEFAULT, executor, executors
from datakit_iac.findings.finding import Finding
from datakit_iac.findings.origin import Origin
from datakit_iac.manifest.models.environment import Environment, ExecutorSection
from datakit_iac.manifest.models.transform import Transform
from datakit_iac.manifest.project import Project


def unsupported(project: Project, environment: Environment) -> Iterator[Finding]:
    """A finding for each wish that is not kept: an error where going on would do something else than asked."""
    yield from _of_environment(project, environment)
    yield from unused(project)
    yield from incomplete(project, environment)
    for transform in project.transforms.values():
        yield from _of_transform(project.origin(transform), transform)


def _of_environment(project: Project, environment: Environment) -> Iterator[Finding]:
    spec, origin = environment.spec, project.origin(environment)
    if spec.executor.type not in executors():
        message = f"no executor {spec.executor.type!r} is installed; there are {', '.join(executors())}"
        yield origin.finding("executor-not-installed", message, ("spec", "executor"), hint=f"executor: {DEFAULT}")
    else:
        yield from _of_executor(origin, spec.executor)
    if spec.deletion == "delete" and spec.approval.needed:
        message = f"data of {environment.name} is retained: where people must agree, `deletion: delete` is not kept"
        yield origin.finding("not-kept", message, ("spec", "deletion"), hint="deletion: retain")
    if spec.lineage:
        message = f"`lineage` of Environment {environment.name} is read and not used by this version"
        yield origin.finding("not-used", message, ("spec", "lineage"))


def _of_executor(origin: Origin, said: ExecutorSection) -> Iterator[Finding]:
    """What the executor itself says of its settings."""
    found, settings = executor(said.type), said.model_extra or {}
    if isinstance(found, Configurable):
        for fault in found.check(settings):
            yield origin.finding("invalid-value", f"executor {said.type}: {fault}", ("spec", "executor"))
        return
    for name in settings:
        message = f"`{name}` says nothing here: the executor {said.type} takes no settings"
        yield origin.finding("not-used", message, ("spec", "executor", name), severity="warning")


def _of_transform(origin: Origin, transform: Transform) -> Iterator[Finding]:
    schedule = transform.spec.trigger.schedule
    if transform.spec.mode == "streaming":
        message = f"Transform {transform.name} is streaming; this version runs batch jobs only"
        yield origin.finding("not-supported", message, ("spec", "mode"), hint="mode: batch")
    if schedule and not schedule.suspend:
        message = (
            f"the schedule of Transform {transform.name} is recorded and starts nothing: there is no scheduler yet"
        )
        path, hint = ("spec", "trigger", "schedule"), "start it from a scheduler of your own, or suspend: true"
        yield origin.finding("not-kept", message, path, hint=hint)
