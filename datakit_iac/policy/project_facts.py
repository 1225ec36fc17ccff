"""What rules look at of a project as a whole, and what follows from it: writers, sources, the flow of personal data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from datakit_iac.policy.model import (
    ConnectorFacts,
    DataSetFacts,
    EnvironmentFacts,
    Scope,
    StoreFacts,
    Target,
    TransformFacts,
)


@dataclass(frozen=True)
class ProjectFacts:
    """All facts, by kind and name; rules of one manifest need only a part of them.

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
        """The target of a violation of the project as a whole: the environment, whose limits apply."""
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
