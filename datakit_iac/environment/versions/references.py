"""Which versions a resolved project refers to, and whether its references leave a choice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from datakit_iac.environment.versions.chosen import ChosenVersion, Kind
from datakit_iac.environment.versions.pins import is_exact_image, is_exact_revision, is_exact_version, is_path
from datakit_iac.findings.location import Step
from datakit_iac.manifest.models.common import Manifest
from datakit_iac.manifest.models.connector import Connector
from datakit_iac.manifest.models.transform import Transform
from datakit_iac.manifest.project import Project
from datakit_iac.manifest.values.image import Image
from datakit_iac.pipeline.ports import Ports, of_transform
from datakit_iac.runtimes.dbt.locating import project_folder
from datakit_iac.runtimes.dbt.packages import Package, packages


def of_plugins(connectors: Iterable[Connector]) -> Iterator[ChosenVersion]:
    """The plugins of Connectors; one at a path of the project is pinned by its content."""
    for connector in connectors:
        for use in ("source", "destination"):
            if plugin := getattr(connector.spec.plugin, use):
                path = ("spec", "plugin", use)
                if is_path(plugin):
                    yield ChosenVersion("plugin", plugin, plugin, "", True, connector, path)
                else:
                    yield _image("plugin", plugin, connector, path)


def of_images(transforms: Iterable[Transform]) -> Iterator[ChosenVersion]:
    """The images that Transforms run."""
    for transform in transforms:
        if transform.spec.image:
            yield _image("image", transform.spec.image, transform, ("spec", "image"))


def _image(kind: Kind, reference: str, manifest: Manifest, path: tuple[Step, ...]) -> ChosenVersion:
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


def of_packages(project: Project) -> Iterator[ChosenVersion]:
    """The packages of the dbt projects that Transforms build; each project is told once, by its first Transform."""
    told = set()
    for transform in project.transforms.values():
        if transform.spec.runtime != "dbt":
            continue
        folder = project_folder(transform, project.origin(transform).file, project.root)
        if folder is None or folder in told:
            continue
        told.add(folder)
        for package in packages(project.root / folder):
            yield ChosenVersion(
                "dbt-package", package.name, package.constraint, package.version, _is_exact(package), transform,
                ("spec", "dbt", "project") if transform.spec.dbt else ("spec", "runtime"),
            )  # fmt: skip


def _is_exact(package: Package) -> bool:
    match package.source:
        case "git" | "private":
            return is_exact_revision(package.constraint)
        case "package":
            return is_exact_version(package.constraint)
    return True  # a folder of the repository, or an archive by its address
