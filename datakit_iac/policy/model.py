"""What rules look at: plain, frozen data that can come from manifests or from the resources an engine sees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
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


@dataclass(frozen=True)
class ProjectFacts:
    """All that is known, by kind and name; a part of it is enough for rules of one manifest.

    Attributes:
        groups: the DataSets of each DataSetGroup.
    """

    environment: EnvironmentFacts
    connectors: Mapping[str, ConnectorFacts] = field(default_factory=dict)
    stores: Mapping[str, StoreFacts] = field(default_factory=dict)
    datasets: Mapping[str, DataSetFacts] = field(default_factory=dict)
    transforms: Mapping[str, TransformFacts] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def target(self) -> Target:
        """What a violation of the whole is about: the environment, whose limits apply."""
        return self.environment.target

    def of(self, scope: Scope) -> Iterator[Subject]:
        """Everything of one scope; for ``project`` that is the project itself."""
        if scope == "project":
            yield self
        else:
            yield from getattr(self, f"{scope}s").values()

    @cached_property
    def inherited_pii(self) -> Mapping[tuple[str, str], str]:
        """The columns that personal data flows into along `from`, unmasked, each with a column it comes from.

        Keys are a DataSet's name and a column's in lower case; the walk is as long as there are edges.
        """
        return dict(_flow(self.datasets, self.groups))

    def personal(self, dataset: DataSetFacts) -> Mapping[str, str]:
        """The columns of a DataSet that hold personal data, marked or not, by their names in lower case."""
        return {
            column.name.lower(): f"{dataset.name}.{column.name}"
            for column in dataset.columns
            if column.pii or (dataset.name, column.name.lower()) in self.inherited_pii
        }

    @cached_property
    def _writers(self) -> Mapping[str, list[TransformFacts]]:
        """The Transforms that write each DataSet."""
        found: dict[str, list[TransformFacts]] = {}
        for transform in self.transforms.values():
            for name in transform.outputs:
                found.setdefault(name, []).append(transform)
        return found

    def is_written(self, name: str) -> bool:
        """Whether some Transform writes the DataSet of a name."""
        return name in self._writers

    def made_of(self, dataset: DataSetFacts) -> list[DataSetFacts]:
        """The other DataSets that the Transforms which write a DataSet read."""
        names = (name for transform in self._writers.get(dataset.name, ()) for name in transform.inputs)
        return [self.datasets[name] for name in dict.fromkeys(names) if name in self.datasets and name != dataset.name]


def members(name: str, groups: Mapping[str, tuple[str, ...]], datasets: Mapping[str, DataSetFacts]) -> tuple[str, ...]:
    """The DataSets that a name means: itself, or those of the DataSetGroup of that name."""
    return groups.get(name, (name,)) if name not in datasets else (name,)


Subject = ConnectorFacts | StoreFacts | DataSetFacts | TransformFacts | ProjectFacts


def _flow(
    datasets: Mapping[str, DataSetFacts], groups: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[tuple[str, str], str]]:
    derived: dict[tuple[str, str], list[tuple[str, str]]] = {}
    pending: list[tuple[tuple[str, str], str]] = []
    for dataset in datasets.values():
        for column in dataset.columns:
            key = (dataset.name, column.name.lower())
            if column.pii:
                pending.append((key, f"{dataset.name}.{column.name}"))
            for source in () if column.masking else column.sources:
                name, _, of = source.partition(".")
                for each in members(name, groups, datasets):
                    derived.setdefault((each, of.lower()), []).append(key)
    reached: set[tuple[str, str]] = set()
    for key, origin in pending:  # grows meanwhile
        for into in derived.get(key, ()):
            if into not in reached:
                reached.add(into)
                pending.append((into, origin))
                yield into, origin
