"""What manifests may say and this version does not do, or cannot do as they say it: reported, never ignored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from datakit_iac.executors.protocol import Configurable, unkept
from datakit_iac.executors.registry import executor, executors, runs_images
from datakit_iac.executors.workload import Workload
from datakit_iac.findings.finding import Finding, Severity
from datakit_iac.findings.origin import Origin
from datakit_iac.manifest.models.document import Manifest, Model
from datakit_iac.manifest.models.environment import Environment, ExecutorSection
from datakit_iac.manifest.models.section import runs_command, section, sections
from datakit_iac.manifest.models.transform import Transform
from datakit_iac.manifest.project import Project
from datakit_iac.manifest.values.open_names import DEFAULT_EXECUTOR
from datakit_iac.runtimes.registry import runtimes


def unsupported(project: Project, environment: Environment) -> Iterator[Finding]:
    """A finding for each wish that is not kept: an error where going on would do something else than asked."""
    yield from _of_environment(project, environment)
    yield from unused(project)
    yield from incomplete(project, environment)
    for transform in project.transforms.values():
        yield from _of_transform(project.origin(transform), transform, environment)
        yield from _left_out(project.origin(transform), transform, environment)


def _of_environment(project: Project, environment: Environment) -> Iterator[Finding]:
    spec, origin = environment.spec, project.origin(environment)
    if spec.executor.type not in executors():
        message = f"no executor {spec.executor.type!r} is installed; there are {', '.join(executors())}"
        hint = f"executor: {DEFAULT_EXECUTOR}"
        yield origin.finding("executor-not-installed", message, ("spec", "executor"), hint=hint)
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
            yield origin.of(fault.below("spec", "executor"), f"executor {said.type}")
        return
    for name in settings:
        message = f"`{name}` has no effect: the executor {said.type} takes no settings"
        yield origin.finding("not-used", message, ("spec", "executor", name))


def _of_transform(origin: Origin, transform: Transform, environment: Environment) -> Iterator[Finding]:
    if transform.spec.is_streaming:
        yield from _of_streaming(origin, transform, environment)
        return
    schedule, kind = transform.spec.trigger.schedule, environment.spec.executor.type
    if "replicas" in transform.spec.model_fields_set:
        message = f"`replicas` of Transform {transform.name} has no effect: it is no streaming one"
        yield origin.finding("not-used", message, ("spec", "replicas"))
    if schedule and not schedule.suspend and _schedules(kind) and not environment.spec.history:
        message = (
            f"the executor {kind} starts nothing by the schedule of Transform {transform.name}: the Environment"
            f" {environment.name} names no Store for its history"
        )
        yield origin.finding("not-kept", message, ("spec", "trigger", "schedule"), hint="history: STORE")


def _of_streaming(origin: Origin, transform: Transform, environment: Environment) -> Iterator[Finding]:
    """What does not go with running all the time."""
    name, spec = transform.name, transform.spec
    if not runs_command(spec.runtime):
        able = " or ".join(each for each in sections() if runs_command(each))
        message = f"Transform {name} is streaming, and the jobs of runtime {spec.runtime} end; expected runtime {able}"
        yield origin.finding("not-supported", message, ("spec", "mode"), hint="mode: batch")
        return
    if spec.trigger.schedule:
        message = f"Transform {name} is streaming: it runs all the time, and no schedule starts it"
        yield origin.finding("not-supported", message, ("spec", "trigger"), hint="take `trigger` out, or mode: batch")
    for field in sorted(spec.model_fields_set & {"timeout", "retries"}):
        message = f"`{field}` of Transform {name} has no effect: it is streaming, and started again whenever it ends"
        yield origin.finding("not-used", message, ("spec", field))
    kind = environment.spec.executor.type
    if kind not in executors() or executor(kind).capabilities.streams:
        return
    message = f"no update starts Transform {name}: it is streaming, and `dk run {name}` keeps it running"
    yield origin.finding("not-kept", message, ("spec", "mode"), severity="note")
    if spec.replicas > 1:
        message = f"the executor {kind} runs one process of Transform {name}: `replicas` has no effect"
        yield origin.finding("not-kept", message, ("spec", "replicas"))


def _schedules(name: str) -> bool:
    return name in executors() and executor(name).capabilities.schedules


def _left_out(origin: Origin, transform: Transform, environment: Environment) -> Iterator[Finding]:
    """What the executor leaves out of what a Transform says of its process."""
    name, said = environment.spec.executor.type, transform.spec.model_fields_set
    if name in executors() and not said.isdisjoint(("image", "resources")):
        is_own = not runs_command(transform.spec.runtime)
        needs = {"shares_filesystem": "its runtime runs its own"} if is_own else {}
        resources = transform.spec.resources.dumped()
        workload = Workload((), image=transform.spec.image or "", resources=resources, needs=needs)
        for field, reason in unkept(executor(name), workload):
            yield origin.finding("not-kept", f"Transform {transform.name}: {reason}", ("spec", field))


UNUSED: Final[Mapping[str, tuple[str, ...]]] = {
    "Connector": ("tools",),
    "DataSet": ("schema_ref",),
    "Transform": ("lineage", "service_account_name"),
}
"""By kind, the fields of its `spec`."""


def unused(project: Project) -> Iterator[Finding]:
    """A warning for each field that says something and has no effect."""
    kinds: Iterable[Iterable[Manifest]] = (
        (*project.connectors.values(), *(each for several in project.older.values() for each in several)),
        project.datasets.values(),
        project.transforms.values(),
    )
    for manifests in kinds:
        for manifest in manifests:
            yield from _of(project, manifest)
    for transform in project.transforms.values():
        yield from _command(project, transform)


def _of(project: Project, manifest: Manifest) -> Iterator[Finding]:
    spec: Model = manifest.spec
    fields = type(spec).model_fields
    for name in UNUSED[manifest.kind]:
        # What is not written is not asked for its default, which takes long to make.
        if name not in spec.model_fields_set or getattr(spec, name) == fields[name].get_default(
            call_default_factory=True
        ):
            continue
        alias = fields[name].alias or name
        message = f"`{alias}` of {manifest.kind} {manifest.name} is read and not used by this version"
        yield project.origin(manifest).finding("not-used", message, ("spec", alias))


def _command(project: Project, transform: Transform) -> Iterator[Finding]:
    runtime = transform.spec.runtime
    if transform.spec.command and not runs_command(runtime):
        message = f"`command` of Transform {transform.name} is read and not used: runtime {runtime} runs its own"
        able = " or ".join(name for name in sections() if runs_command(name))
        hint = f"take it out, or runtime: {able}"
        yield project.origin(transform).finding("not-used", message, ("spec", "command"), hint=hint)


_COMMAND: Final = ("command", "command: [python, -m, …]")
_IMAGE: Final = ("image", "image: REGISTRY/NAME:TAG")


def incomplete(project: Project, environment: Environment) -> Iterator[Finding]:
    """The generic Transforms that leave out what must be known here.

    Only a warning where the runtime is not installed: that it must be is an error of its own.
    """
    name, installed = environment.spec.executor.type, runtimes()
    in_images = runs_images(name)
    for transform in project.transforms.values():
        spec = transform.spec
        if not in_images and (spec.image or spec.command or _has_a_command(spec.runtime)):
            continue
        field, hint = _IMAGE if in_images else _COMMAND
        if getattr(spec, field) or not runs_command(spec.runtime):
            continue
        message = f"Transform {transform.name} needs `{field}`: that is what the executor {name} runs"
        severity: Severity = "error" if spec.runtime in installed else "warning"
        origin = project.origin(transform)
        yield origin.finding("missing-field", message, ("spec", field), hint=hint, severity=severity)


def _has_a_command(runtime: str) -> bool:
    """Whether a runtime knows what to run where a Transform says no command."""
    return (found := section(runtime)) is None or not found.needs_command
