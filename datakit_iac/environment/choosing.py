"""Which versions a resolved project refers to, and whether its references leave a choice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from datakit_iac.environment.chosen import ChosenVersion
from datakit_iac.environment.pins import image_tag, is_exact_image, is_exact_revision, is_exact_version, is_path
from datakit_iac.manifest.connector import Connector
from datakit_iac.manifest.project import Project
from datakit_iac.manifest.transform import Transform
from datakit_iac.pipeline.ports import Ports, of_transform
from datakit_iac.runtimes.dbt.packages import Package, packages


def of_plugins(connectors: Iterable[Connector]) -> Iterator[ChosenVersion]:
    """The plugins of Connectors; one at a path of the project is pinned by its content."""
    for connector in connectors:
        for use in ("source", "destination"):
            if plugin := getattr(connector.spec.plugin, use):
                is_exact = is_path(plugin) or is_exact_image(plugin)
                yield ChosenVersion(
                    "plugin", _untagged(plugin), plugin, image_tag(plugin), is_exact, connector, ("spec", "plugin", use)
                )


def of_images(transforms: Iterable[Transform]) -> Iterator[ChosenVersion]:
    """The images that Transforms run."""
    for transform in transforms:
        section = transform.spec.runtime.replace("-", "_")
        for path, holder in ((("spec",), transform.spec), (("spec", section), getattr(transform.spec, section, None))):
            if image := getattr(holder, "image", None):
                yield ChosenVersion(
                    "image", _untagged(image), image, image_tag(image), is_exact_image(image), transform,
                    (*path, "image"),
                )  # fmt: skip


def of_ports(project: Project) -> Iterator[ChosenVersion]:
    """The DataSets that Transforms read and write, where the one has a version or the other asks for one."""
    ports = Ports(project)
    for transform in project.transforms.values():
        for side, index, port in of_transform(transform):
            asked = port.version or ""
            path = ("spec", side, index, "version" if asked else "dataset" if port.dataset else "tags")
            for name in ports.names(port):
                version = project.datasets[name].spec.version if name in project.datasets else None
                if version or (asked and name in project.datasets):
                    is_exact = is_exact_version(asked)
                    yield ChosenVersion("dataset", name, asked, version or "", is_exact, transform, path)


def of_packages(transforms: Iterable[Transform], root: Path) -> Iterator[ChosenVersion]:
    """The packages of the dbt projects that Transforms build; each project is told once, by its first Transform."""
    told = set()
    for transform in transforms:
        section = transform.spec.dbt
        if section is None or section.project in told:
            continue
        told.add(section.project)
        for package in packages(root / section.project):
            yield ChosenVersion(
                "dbt-package", package.name, package.constraint, package.version, _is_exact(package), transform,
                ("spec", "dbt", "project"),
            )  # fmt: skip


def _is_exact(package: Package) -> bool:
    match package.source:
        case "git":
            return is_exact_revision(package.constraint)
        case "package":
            return is_exact_version(package.constraint)
    return True  # a folder of the repository, or an archive by its address


def _untagged(image: str) -> str:
    named = image.partition("@")[0]
    tag = image_tag(named)
    return named.removesuffix(f":{tag}") if tag else named
