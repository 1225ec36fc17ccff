"""Fields that are read and checked, and that this version makes no use of: told, so that nobody relies on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from datakit_iac.findings.finding import Finding
from datakit_iac.manifest.models.common import Manifest, Model
from datakit_iac.manifest.models.transform import GENERIC, Transform
from datakit_iac.manifest.project import Project

UNUSED: Final[Mapping[str, tuple[str, ...]]] = {
    "Connector": ("plugin", "tools"),
    "DataSet": ("schema_ref", "dev"),
    "Transform": ("retries", "image", "resources", "replicas", "lineage", "service_account_name"),
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
    spec: Model = getattr(manifest, "spec")  # noqa: B009  # every kind has one of its own
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
    if transform.spec.command and runtime not in GENERIC:
        message = f"`command` of Transform {transform.name} is read and not used: runtime {runtime} runs its own"
        hint = f"take it out, or runtime: {' or '.join(GENERIC)}"
        yield project.origin(transform).finding("not-used", message, ("spec", "command"), hint=hint)
