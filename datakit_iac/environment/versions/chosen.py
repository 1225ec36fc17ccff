"""The versions that one environment chose: of connectors, plugins, images, DataSets and packages of runtimes."""

from __future__ import annotations

from dataclasses import dataclass

from datakit_iac.findings.location import Step
from datakit_iac.manifest.models.document import Manifest


@dataclass(frozen=True, slots=True)
class ChosenVersion:
    """What one reference came to.

    A DataSet is listed if it has a version, or where a reference requires one; without either nothing is chosen.

    Attributes:
        kind: what is referred to: ``connector``, ``plugin`` (a Connector's), ``image`` (a Transform's), ``dataset``, or
            a package of a runtime's project, e.g. ``dbt-package``.
        name: its name: a Connector's, a DataSet's, an image without tag, a package.
        constraint: what the reference says, as written; empty where it says nothing.
        version: what was chosen; empty where that is not known, as for a package that no lock file lists.
        is_exact: whether the reference leaves no choice. `:latest`, no tag and a range do.
        manifest: who refers to it: a Store, Connector or Transform.
        path: the field of that manifest.
    """

    kind: str
    name: str
    constraint: str
    version: str
    is_exact: bool
    manifest: Manifest
    path: tuple[Step, ...]
