"""The variables that a Transform declares for its process, with the values that they have in one environment."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from datakit_iac.environment.secrets.sources import Secrets, SourceError
from datakit_iac.executors.registry import runs_images
from datakit_iac.findings.finding import Finding
from datakit_iac.findings.location import Step
from datakit_iac.findings.origin import Origin
from datakit_iac.manifest.models.environment import Environment
from datakit_iac.manifest.models.process import EnvironmentVariable
from datakit_iac.manifest.models.section import runs_command
from datakit_iac.manifest.models.transform import Transform
from datakit_iac.manifest.project import Project
from datakit_iac.manifest.values.image import Image
from datakit_iac.manifest.values.secret import IN_TEXT, Secret


def values(transform: Transform, secrets: Secrets) -> dict[str, str | Secret]:
    """The values of `env`, by name; empty where one cannot be determined here, and `unset` says why.

    A value may be put together: in ``https://${HOST}/v1`` the reference is replaced. What is in the manifest as it
    is, is not a secret.
    """
    return {each.name: _value(each, secrets) for each in transform.spec.env}


def image(transform: Transform, secrets: Secrets) -> str | None:
    """The image with the values of the variables in it; as it is written where one is not set, and `unset` says so.

    The value of a variable is then no secret: the name of an image is shown and recorded.

    Raises:
        ValueError: with these values it is not an image.
    """
    text = transform.spec.image
    if not text or not IN_TEXT.search(text):
        return text
    try:
        found = {name: secrets.find(name) for name in IN_TEXT.findall(text)}
    except SourceError:
        return text
    if None in found.values():
        return text
    resolved = IN_TEXT.sub(lambda match: str(found[match[1]]), text)
    Image.parse(resolved)
    return resolved


def unset(project: Project, environment: Environment, transform: Transform, secrets: Secrets) -> Iterator[Finding]:
    """A finding for each variable whose value cannot be determined here: the job would run without it.

    Those of the image count where the executor runs images: all of them, or those of Transforms that were removed.
    """
    origin = project.origin(transform)
    if runs_command(transform.spec.runtime) or runs_images(environment.spec.executor.type):
        subject = f"Transform {transform.name} takes its image from"
        yield from _unset(origin, subject, transform.spec.image or "", ("spec", "image"), secrets)
    for place, each in enumerate(transform.spec.env):
        path = ("spec", "env", place)
        if each.value is None:
            message = (
                f"{each.name} of Transform {transform.name} is kept in Kubernetes, and jobs run as local processes: "
                "its value cannot be read"
            )
            yield origin.finding("not-supported", message, (*path, "valueFrom"), hint=f'value: "${{{each.name}}}"')
            continue
        subject = f"Transform {transform.name} takes {each.name} from"
        yield from _unset(origin, subject, each.value, (*path, "value"), secrets)


def _unset(origin: Origin, subject: str, text: str, path: tuple[Step, ...], secrets: Secrets) -> Iterator[Finding]:
    for variable in IN_TEXT.findall(text):
        try:
            if secrets.find(variable) is not None:
                continue
        except SourceError as fault:
            yield origin.finding("secrets-file", f"{subject} ${{{variable}}}: {fault}", path, hint=fault.hint)
            continue
        message = f"{subject} ${{{variable}}}, which is not set; looked in {secrets.looked_in}"
        yield origin.finding("unset-variable", message, path, hint=secrets.remedy(variable))


def _value(variable: EnvironmentVariable, secrets: Secrets) -> str | Secret:
    text = variable.value or ""
    if not IN_TEXT.search(text):
        return text
    with contextlib.suppress(SourceError):
        return Secret(IN_TEXT.sub(lambda match: str(secrets.find(match[1]) or ""), text))
    return ""
