"""A project: all manifests below a folder, by kind and name, each knowing where it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from datakit_iac.findings.finding import Finding
from datakit_iac.findings.location import shown
from datakit_iac.findings.origin import Origin

if TYPE_CHECKING:
    from datakit_iac.manifest.models.connector import Connector
    from datakit_iac.manifest.models.dataset import DataSet, DataSetGroup
    from datakit_iac.manifest.models.document import Manifest
    from datakit_iac.manifest.models.environment import Environment
    from datakit_iac.manifest.models.policy import Policy
    from datakit_iac.manifest.models.store import Store
    from datakit_iac.manifest.models.transform import Transform


@dataclass(frozen=True, slots=True)
class Project:
    """The manifests of one folder.

    Attributes:
        root: the folder; relative paths in manifests count from it.
        connectors: by name; of several versions the newest.
        older: the other versions of the Connectors that come in several, newest first.
        origins: where each manifest is, by kind and identity.
        broken: kind and name of the manifests that are there but wrong; the kind is empty where it is not known.
        warnings: what was found on reading it and does not stop it.
        slips: the unknown fields that were left out and for which it is neither planned nor applied.
    """

    root: Path
    connectors: Mapping[str, Connector] = field(default_factory=dict)
    older: Mapping[str, tuple[Connector, ...]] = field(default_factory=dict)
    stores: Mapping[str, Store] = field(default_factory=dict)
    datasets: Mapping[str, DataSet] = field(default_factory=dict)
    groups: Mapping[str, DataSetGroup] = field(default_factory=dict)
    transforms: Mapping[str, Transform] = field(default_factory=dict)
    environments: Mapping[str, Environment] = field(default_factory=dict)
    policies: Mapping[str, Policy] = field(default_factory=dict)
    origins: Mapping[tuple[str, str], Origin] = field(default_factory=dict)
    broken: frozenset[tuple[str, str]] = frozenset()
    warnings: tuple[Finding, ...] = ()
    slips: tuple[Finding, ...] = ()

    def origin(self, manifest: Manifest) -> Origin:
        """Where a manifest of this project is."""
        return self.origins[manifest.kind, manifest.identity]

    def is_broken(self, name: str, *kinds: str) -> bool:
        """Whether a manifest of that name is there but wrong, so that to refer to it is not a second fault."""
        return any((kind, name) in self.broken for kind in ("", *kinds))

    def where(self, manifest: Manifest) -> str:
        """`file:line:column` of a manifest of this project."""
        from datakit_iac.findings.positions import first_line

        origin = self.origin(manifest)
        if origin.declared_at:
            return f"{shown(origin.file)}:{origin.declared_at}:1"
        return f"{shown(origin.file)}:{first_line(origin.file.read_text(encoding='utf-8'), origin.document)}:1"

    def editions(self, name: str) -> tuple[Connector, ...]:
        """The versions of a Connector, newest first."""
        newest = self.connectors.get(name)
        return (newest, *self.older.get(name, ())) if newest else ()

    def members(self, name: str) -> tuple[str, ...]:
        """The DataSets that a port's name stands for: itself, or those of the group of that name."""
        group = self.groups.get(name)
        return tuple(group.spec.datasets) if group and name not in self.datasets else (name,)

    def __iter__(self) -> Iterator[Manifest]:
        """Every manifest, in the order of kinds and names."""
        for manifests in (
            self.connectors, self.stores, self.datasets, self.groups, self.transforms, self.environments, self.policies
        ):  # fmt: skip
            yield from manifests.values()
        for editions in self.older.values():
            yield from editions
