"""What rules look at: plain, frozen data that can come from manifests or from the resources an engine sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal

from datakit_iac.runtimes.documentation import ModelDocumentation

_NOTHING: Final = ModelDocumentation()

Step = str | int
Scope = Literal["connector", "store", "dataset", "transform", "project"]


@dataclass(frozen=True, slots=True)
class Target:
    """What a violation is about, e.g. ``dataset/users``.

    Attributes:
        kind: the kind of manifest or resource, in lower case.
        name: its name.
    """

    kind: str
    name: str

    def __str__(self) -> str:
        """As waivers write it."""
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True, slots=True)
class Reference:
    """Something that has versions, as one manifest or resource refers to it.

    Attributes:
        kind: e.g. ``connector``, ``plugin``, ``image``, ``dataset``, ``dbt-package``.
        name: what is referred to.
        constraint: the version as written; empty where none is.
        is_exact: whether that leaves no choice.
        path: the field that refers.
    """

    kind: str
    name: str
    constraint: str
    is_exact: bool
    path: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class ConnectorFacts:
    """A Connector."""

    name: str
    type: str
    version: str = ""
    provider: str = ""
    references: tuple[Reference, ...] = ()

    @property
    def target(self) -> Target:
        """What a violation of it is about."""
        return Target("connector", self.name)


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """A Store as one environment binds it.

    Attributes:
        connector: the Connector in use, which is another than the manifest's where the binding says so.
        version: that Connector's version; empty where it has none.
        technology: what it is bound to.
    """

    name: str
    connector: str
    technology: str
    version: str = ""
    description: str = ""
    references: tuple[Reference, ...] = ()

    @property
    def target(self) -> Target:
        """What a violation of it is about."""
        return Target("store", self.name)


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """A column.

    Attributes:
        sources: the columns it is derived from, as ``dataset.column``; the dataset may be a DataSetGroup.
        has_lineage: whether it says so, be it of none.
        masking: how personal data in it is made unrecognisable, e.g. ``hash``; empty where it is not.
        tests: the names of its tests.
    """

    name: str
    type: str = ""
    description: str = ""
    pii: bool | None = None
    masking: str = ""
    sources: tuple[str, ...] = ()
    has_lineage: bool = False
    tests: tuple[str, ...] = ()
    nullable: bool = True
    primary_key: bool = False


@dataclass(frozen=True, slots=True)
class DataSetFacts:
    """A data contract in its place.

    Attributes:
        is_output: whether some Transform writes it.
        is_external: whether it is only ever read here.
        elsewhere: what the tool that makes it says of it.
    """

    name: str
    store: str
    place: str = ""
    format: str = ""
    version: str = ""
    description: str = ""
    classification: str = ""
    tier: str = ""
    owner: str = ""
    retention: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    columns: tuple[ColumnFacts, ...] = ()
    tests: tuple[str, ...] = ()
    is_output: bool = False
    is_external: bool = False
    elsewhere: ModelDocumentation = _NOTHING

    @property
    def target(self) -> Target:
        """What a violation of it is about."""
        return Target("dataset", self.name)


@dataclass(frozen=True, slots=True)
class TransformFacts:
    """Compute.

    Attributes:
        beside: what it makes that is none of its outputs, by the names of its tool.
        trigger: the trigger's policy.
        cron: when it starts; empty where it has no schedule or that is suspended.
        cpu: cores of all its replicas together; 0 where it asks for none.
        memory: bytes of all its replicas together.
    """

    name: str
    runtime: str
    mode: str = "batch"
    description: str = ""
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    trigger: str = ""
    cron: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    cpu: Decimal = Decimal()
    memory: Decimal = Decimal()
    references: tuple[Reference, ...] = ()

    @property
    def target(self) -> Target:
        """What a violation of it is about."""
        return Target("transform", self.name)


@dataclass(frozen=True, slots=True)
class EnvironmentFacts:
    """What an environment allows.

    Attributes:
        connectors: the ranges of versions by allowed Connector, empty for any; None where all are allowed.
        versions: ``exact`` or ``ranges``.
        quotas: the limits by the names of manifests, e.g. ``minScheduleInterval``, as written.
        has_approval: whether people must agree before something is applied.
    """

    name: str
    versions: str = "ranges"
    connectors: Mapping[str, str] | None = None
    quotas: Mapping[str, str | int] = field(default_factory=dict)
    has_approval: bool = False

    @property
    def target(self) -> Target:
        """What a violation of its limits is about."""
        return Target("environment", self.name)
