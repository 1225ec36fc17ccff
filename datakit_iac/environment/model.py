"""A project as one environment means it: plain, frozen data that resources are registered from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.contract.job import Job
from datakit_iac.environment.versions.chosen import ChosenVersion
from datakit_iac.findings.finding import Finding
from datakit_iac.manifest.models.connector import Connector
from datakit_iac.manifest.models.dataset import DataSet
from datakit_iac.manifest.models.environment import Environment
from datakit_iac.manifest.models.plugin import NO_PLUGIN, Plugin
from datakit_iac.manifest.models.transform import Transform
from datakit_iac.manifest.project import Project
from datakit_iac.pipeline.graph import Graph

if TYPE_CHECKING:  # a project that is only read needs no shapes of resources
    from datakit_iac.contract.shapes import Contract


@dataclass(frozen=True, slots=True)
class ResolvedStore:
    """A Store with its concrete technology.

    Attributes:
        name: the Store's name.
        connector: the Connector's name.
        connection: technology and options; its secrets are left out.
        secrets: the references, ``${VARIABLE}`` by name, still unresolved.
        create: whether the Store is made where it is absent; None leaves it to the technology.
        version: the Connector's version that was chosen; None where it has none.
        destination: whether that Connector may be written to.
        is_installed: whether there is code that can reach it; without it, nothing of the project can be registered.
        vars: values of dbt's `var()` for the jobs that read or write it, as its binding says them.
        plugin: the CloudQuery plugins that its Connector names, where it is bound to the Connector's technology.
    """

    name: str
    connector: str
    connection: Connection
    secrets: Mapping[str, str] = field(default_factory=dict)
    create: bool | None = None
    version: str | None = None
    destination: bool = True
    is_installed: bool = True
    vars: Mapping[str, Any] = field(default_factory=dict)
    plugin: Plugin = NO_PLUGIN


@dataclass(frozen=True)
class ResolvedDataSet:
    """A DataSet in its concrete Store.

    Attributes:
        manifest: the contract as written.
        contract: the contract in its place; external where its Connector is not a destination.
        graph: who reads and writes what.
        vars: values of dbt's `var()` for the jobs that read or write it, as its binding says them.
    """

    manifest: DataSet
    contract: Contract
    graph: Graph = field(repr=False)
    vars: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def bound(self) -> BoundDataSet:
        """What technologies and runtimes see of it."""
        return self.contract.bound

    @property
    def downstream(self) -> tuple[str, ...]:
        """The Transforms that depend on it; computed on access, since in a long chain there are many for each."""
        return self.graph.downstream(self.manifest.name)


@dataclass(frozen=True, slots=True)
class ResolvedTransform:
    """A Transform and the job it is.

    Attributes:
        manifest: the Transform as written.
        job: what would run.
        references: the DataSets that tests of its outputs compare them with.
    """

    manifest: Transform
    job: Job
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ResolvedProject:
    """Everything that is registered, each collection in an order in which it can be.

    Attributes:
        project: the manifests as written.
        environment: the rules that hold.
        connectors: those that Stores use, by name; of several versions in use the newest has it, others are
            ``name@version``.
        stores: by name.
        datasets: by name.
        transforms: by name, in the order of the graph.
        graph: who reads and writes what.
        findings: what is wrong; warnings only, where the project may be registered.
        versions: what every reference to something with a version came to.
    """

    project: Project
    environment: Environment
    connectors: Mapping[str, Connector]
    stores: Mapping[str, ResolvedStore]
    datasets: Mapping[str, ResolvedDataSet]
    transforms: Mapping[str, ResolvedTransform]
    graph: Graph
    findings: tuple[Finding, ...] = ()
    versions: tuple[ChosenVersion, ...] = ()
