"""What the ports of Transforms stand for: DataSets by name, the members of groups, or whatever has the tags."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from datakit_iac.findings.finding import Finding
from datakit_iac.findings.location import Step
from datakit_iac.findings.nearest import nearest
from datakit_iac.manifest.project import Project
from datakit_iac.manifest.values.versions import satisfies

if TYPE_CHECKING:
    from datakit_iac.manifest.models.dataset import DataSet
    from datakit_iac.manifest.models.transform import Port, Transform

Side = Literal["inputs", "outputs"]


def of_transform(transform: Transform) -> Iterator[tuple[Side, int, Port]]:
    """Every port of a Transform, with its side and its place there."""
    for index, port in enumerate(transform.spec.inputs):
        yield "inputs", index, port
    for index, port in enumerate(transform.spec.outputs):
        yield "outputs", index, port


def labels(dataset: DataSet) -> dict[str, str]:
    """What the tags of ports are compared with: the labels, then tier and classification of the spec."""
    spec = dataset.spec
    own = {key: value for key, value in (("tier", spec.tier), ("classification", spec.classification)) if value}
    return {**own, **dataset.metadata.labels}


class Ports:
    """The one place that knows which DataSets a port means."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def names(self, port: Port) -> tuple[str, ...]:
        """The DataSets that a port stands for, declared or not; none where nothing has its tags."""
        if port.dataset is not None:
            return self._project.members(port.dataset)
        return tuple(name for name in self._tagged(port) if not self._unfit(port, name))

    def plain(self, port: Port) -> str | None:
        """The declared DataSet of a port that only names it, as most do; such a port has no faults."""
        name = port.dataset
        return name if name in self._project.datasets and not port.version and not port.cell else None

    def faults(self, transform: Transform, side: Side, index: int, port: Port) -> Iterator[Finding]:
        """What is wrong with a port: nothing of that name, nothing with these tags, another version or cell."""
        path = ("spec", side, index)
        if port.tags is not None:
            if not self.names(port) and not self._may_be_broken:
                yield self._unmatched(transform, port, (*path, "tags"))
        elif self._is_unknown(port):
            name = port.dataset or ""
            yield self._project.origin(transform).finding(
                "unknown-dataset",
                f"Transform {transform.name} refers to DataSet {name!r}, which is not declared",
                (*path, "dataset"),
                hint=nearest(name, [*self._project.datasets, *self._project.groups]),
            )
        elif port.version or port.cell:
            yield from self._misfits(transform, port, path)

    def _is_unknown(self, port: Port) -> bool:
        project, name = self._project, port.dataset or ""
        is_known = name in project.datasets or name in project.groups
        return not is_known and not project.is_broken(name, "DataSet", "DataSetGroup")

    def _misfits(self, transform: Transform, port: Port, path: tuple[Step, ...]) -> Iterator[Finding]:
        origin = self._project.origin(transform)
        for name in self.names(port):
            unfit = self._unfit(port, name) if name in self._project.datasets else None
            if unfit == "version":
                version = self._project.datasets[name].version
                found = f"version {version}" if version else "no version"
                message = f"DataSet {name} has {found}; Transform {transform.name} expects {port.version}"
                yield origin.finding("port-version", message, (*path, "version"))
            elif unfit == "cell":
                found = f"cell {cell}" if (cell := self._cell(name)) else "no cell"
                message = f"DataSet {name} has {found}; Transform {transform.name} expects {port.cell}"
                hint = "the cell of a DataSet is its label `cell`"
                yield origin.finding("port-cell", message, (*path, "cell"), hint=hint)

    def _unfit(self, port: Port, name: str) -> Literal["version", "cell"] | None:
        """The field of a port that a declared DataSet does not fulfil; of several the first."""
        version = self._project.datasets[name].version
        if port.version and not (version and satisfies(version, port.version)):
            return "version"
        return "cell" if port.cell and self._cell(name) != port.cell else None

    def _cell(self, name: str) -> str | None:
        return self._project.datasets[name].metadata.labels.get("cell")

    # Tags.

    @cached_property
    def _labelled(self) -> dict[tuple[str, str], dict[str, None]]:
        """The DataSets by label, each in the order of names."""
        found: dict[tuple[str, str], dict[str, None]] = {}
        for name, dataset in self._project.datasets.items():
            for pair in labels(dataset).items():
                found.setdefault(pair, {})[name] = None
        return found

    def _tagged(self, port: Port) -> list[str]:
        """The DataSets that have all tags, in the order of names; as cheap as the rarest of the tags."""
        first, *others = sorted((self._labelled.get(pair, {}) for pair in (port.tags or {}).items()), key=len)
        return [name for name in first if all(name in other for other in others)]

    @cached_property
    def _may_be_broken(self) -> bool:
        """Whether a DataSet is there but wrong: it may have the tags."""
        return any(kind in ("", "DataSet") for kind, _ in self._project.broken)

    def _unmatched(self, transform: Transform, port: Port, path: tuple[Step, ...]) -> Finding:
        tags = port.tags or {}
        wanted = " and ".join(f"{key}: {value}" for key, value in tags.items())
        tagged = self._tagged(port)
        if tagged:
            asked = " and ".join(
                f"{field} {getattr(port, field)}" for field in ("version", "cell") if getattr(port, field)
            )
            message = f"no DataSet with {wanted} has {asked}"
            hint = f"with these tags: {', '.join(map(self._described, tagged))}"
        else:
            message, hint = f"no DataSet has the label{'s' if len(tags) > 1 else ''} {wanted}", self._near(tags)
        message = f"Transform {transform.name} names its DataSets by tags, and {message}"
        return self._project.origin(transform).finding("unmatched-tags", message, path, hint=hint)

    def _described(self, name: str) -> str:
        version, cell = self._project.datasets[name].version, self._cell(name)
        return " ".join([name, *([version] if version else []), *([f"in cell {cell}"] if cell else [])])

    def _near(self, tags: dict[str, str]) -> str:
        """The label that comes closest to the first tag that no DataSet has."""
        for key, value in tags.items():
            if (key, value) in self._labelled:
                continue
            if values := [known for each, known in self._labelled if each == key]:
                return f"{key}: {nearest(value, values)}"
            return nearest(key, {each for each, _ in self._labelled})
        return "every one of them is the label of a DataSet, and no DataSet has them all"
