"""What the executor of an environment needs to be told of a job before it can run it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from datakit_iac.executors.registry import executor, executors
from datakit_iac.findings.finding import Finding, Severity
from datakit_iac.manifest.models.environment import Environment
from datakit_iac.manifest.models.transform import GENERIC
from datakit_iac.manifest.project import Project
from datakit_iac.runtimes.registry import runtimes

_COMMAND: Final = ("command", "command: [python, -m, …]")
_IMAGE: Final = ("image", "image: REGISTRY/NAME:TAG")


def runs_images(environment: Environment) -> bool:
    """Whether its jobs run in images; so it is assumed of an executor that is not installed."""
    name = environment.spec.executor.type
    return name not in executors() or executor(name).capabilities.runs_images


def incomplete(project: Project, environment: Environment) -> Iterator[Finding]:
    """The generic Transforms, and streaming ones in containers, that leave out what must be known here.

    Only a warning where the runtime is not installed: that it must be is an error of its own.
    """
    name = environment.spec.executor.type
    field, hint = _IMAGE if runs_images(environment) else _COMMAND
    installed = runtimes()
    for transform in project.transforms.values():
        spec = transform.spec
        if getattr(spec, field) or not (spec.runtime in GENERIC or (spec.mode == "streaming" and field == "image")):
            continue
        message = f"Transform {transform.name} needs `{field}`: that is what the executor {name} runs"
        severity: Severity = "error" if spec.runtime in installed else "warning"
        origin = project.origin(transform)
        yield origin.finding("missing-field", message, ("spec", field), hint=hint, severity=severity)
