"""The bindings of one environment, by the names that they bind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from datakit_iac.environment.project_vars import Disagreement
from datakit_iac.findings.finding import Finding
from datakit_iac.findings.nearest import nearest
from datakit_iac.findings.origin import Origin
from datakit_iac.manifest.models.dataset import DataSet, Place
from datakit_iac.manifest.models.environment import Bound, Environment
from datakit_iac.manifest.project import Project
from datakit_iac.manifest.values.place_kinds import PLACES

_OF_DATASETS: Final = (*PLACES, "vars")


class Bindings:
    """What an environment's bindings mean for the Stores and DataSets of a project."""

    def __init__(self, project: Project, environment: Environment) -> None:
        self._project, self._environment = project, environment
        self._by_name = {each.name: each for each in environment.bound()}

    def of_store(self, name: str) -> Bound | None:
        """The binding of a Store."""
        return self._by_name.get(name)

    def of_dataset(self, name: str) -> Bound | None:
        """The binding of a DataSet; none where a Store has its name, for then it is the Store's."""
        return self._by_name.get(name) if name not in self._project.stores else None

    def place(self, dataset: DataSet) -> Place:
        """Where a DataSet is here."""
        bound = self.of_dataset(dataset.name)
        moved = {key: getattr(bound.binding, key) for key in PLACES} if bound else {}
        return dataset.spec.place.model_copy(update=moved) if any(moved.values()) else dataset.spec.place

    def findings(self) -> Iterator[Finding]:
        """Bindings of nothing or of two things, Stores that lack one, DataSets bound to more than a place."""
        yield from self._of_nothing()
        yield from self._of_two()
        yield from self._missing()
        for name in self._by_name.keys() & self._project.datasets.keys():
            if bound := self.of_dataset(name):
                yield from self._of_dataset(name, bound)

    def disagreement(self, found: Disagreement, transform: str) -> Finding:
        """The finding that bindings give a variable of a Transform's dbt project different values."""
        bound = self._by_name[found.bound]
        message = f"{found.message}; Transform {transform} has both"
        hint = "bind a DataSet that it reads or writes: a DataSet's `vars` come before those of Stores"
        return self._origin.finding("ambiguous-binding", message, (*bound.path, "vars", found.variable), hint=hint)

    def _of_nothing(self) -> Iterator[Finding]:
        known = self._project.stores.keys() | self._project.datasets.keys()
        for name, bound in self._by_name.items():
            if name not in known and not self._project.is_broken(name, "Store", "DataSet"):
                message = f"unknown Store or DataSet {bound.key!r}, so this binds nothing"
                hint = nearest(bound.key, known)
                yield self._origin.finding("unknown-binding", message, bound.path, hint=hint)

    def _of_two(self) -> Iterator[Finding]:
        for name in sorted(self._by_name.keys() & self._project.stores.keys() & self._project.datasets.keys()):
            message = f"{name} is a Store and a DataSet, so it is ambiguous which of them this binds"
            hint = "give the DataSet another name"
            yield self._origin.finding("ambiguous-binding", message, self._by_name[name].path, hint=hint)

    def _missing(self) -> Iterator[Finding]:
        if not self._environment.spec.bindings_required:
            return
        for name in self._project.stores.keys() - self._by_name.keys():
            message = f"Environment {self._environment.name} asks for a binding of every Store, and {name} has none"
            hint = f"bindings: {{{name}: {{…}}}}"
            yield self._origin.finding("unbound-store", message, ("spec", "bindingsRequired"), hint=hint)

    def _of_dataset(self, name: str, bound: Bound) -> Iterator[Finding]:
        binding = bound.binding
        if sum(bool(getattr(binding, key)) for key in PLACES) > 1:
            message = f"DataSet {name} is bound to several places; expected one of table, prefix and topic"
            yield self._origin.finding("invalid-value", message, bound.path)
        for field in sorted({*binding.model_fields_set, *binding.connection}.difference(_OF_DATASETS)):
            message = f"the binding of a DataSet moves its place; unknown field {field!r}"
            hint = nearest(field, _OF_DATASETS)
            yield self._origin.finding("unknown-field", message, (*bound.path, field), hint=hint)

    @property
    def _origin(self) -> Origin:
        return self._project.origin(self._environment)
