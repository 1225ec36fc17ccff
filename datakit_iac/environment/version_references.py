"""Which versions a resolved project refers to, and whether its references leave a choice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from datakit_iac.environment.model import ResolvedTransform
from datakit_iac.environment.versions.chosen import ChosenVersion
from datakit_iac.environment.versions.pins import is_exact_image, is_exact_revision, is_exact_version
from datakit_iac.findings.location import Step
from datakit_iac.manifest.models.connector import Connector
from datakit_iac.manifest.models.document import Manifest
from datakit_iac.manifest.models.transform import Transform
from datakit_iac.manifest.project import Project
from datakit_iac.manifest.values.image import Image
from datakit_iac.pipeline.ports import Ports, of_transform
from datakit_iac.runtimes.projects import BuildsProject
from datakit_iac.runtimes.registry import runtime, runtimes


def of_plugins(connectors: Iterable[Connector]) -> Iterator[ChosenVersion]:
    """The plugins of Connectors; one at a path of the project is pinned by its content."""
    for connector in connectors:
        for side, plugin in connector.spec.plugin.sides.items():
            path = ("spec", "plugin", side)
            if plugin.registry == "docker":
                yield _image("plugin", plugin.path, connector, path)
            else:  # a server may run something else tomorrow
                is_exact = plugin.registry != "grpc"
                yield ChosenVersion("plugin", plugin.path, plugin.reference, plugin.version, is_exact, connector, path)


def of_images(transforms: Iterable[Transform]) -> Iterator[ChosenVersion]:
    """The images that Transforms run."""
    for transform in transforms:
        if transform.spec.image:
            yield _image("image", transform.spec.image, transform, ("spec", "image"))


def _image(kind: str, reference: str, manifest: Manifest, path: tuple[Step, ...]) -> ChosenVersion:
    found = Image.parse(reference)
    name = "/".join(part for part in (found.registry, found.repository) if part)
    version = "@".join(part for part in (found.tag, found.digest) if part)
    return ChosenVersion(kind, name, reference, version, is_exact_image(reference), manifest, path)


def of_ports(project: Project) -> Iterator[ChosenVersion]:
    """The DataSets that Transforms read and write, where the one has a version or the other asks for one."""
    ports = Ports(project)
    for transform in project.transforms.values():
        for side, index, port in of_transform(transform):
            asked = port.version or ""
            path = ("spec", side, index, "version" if asked else "dataset" if port.dataset else "tags")
            for name in ports.names(port):
                version = project.datasets[name].version if name in project.datasets else None
                if version or (asked and name in project.datasets):
                    is_exact = is_exact_version(asked)
                    yield ChosenVersion("dataset", name, asked, version or "", is_exact, transform, path)


def of_packages(transforms: Mapping[str, ResolvedTransform]) -> Iterator[ChosenVersion]:
    """The packages of the projects that jobs build; each project is listed once, by its first Transform."""
    seen_projects = set()
    for _, each in sorted(transforms.items()):
        manifest, job = each.manifest, each.job
        found, project = builds_project(job.runtime), (job.runtime, job.settings.get("project"))
        if found is None or project in seen_projects:
            continue
        seen_projects.add(project)
        section = ("spec", job.runtime, "project") if manifest.spec.model_fields_set & {job.runtime} else None
        for package in found.dependencies(job):
            is_exact = _EXACT[package.by](package.constraint) if package.by else True
            kind, path = f"{job.runtime}-package", section or ("spec", "runtime")
            yield ChosenVersion(kind, package.name, package.constraint, package.version, is_exact, manifest, path)


_EXACT: Final = {"version": is_exact_version, "revision": is_exact_revision}


def builds_project(name: str) -> BuildsProject | None:
    """The Runtime of that name, if it is installed and builds projects of its tool."""
    found = runtime(name) if name in runtimes() else None
    return found if isinstance(found, BuildsProject) else None
