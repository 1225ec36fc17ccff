"""DataSets in one environment: their places, and whether the technology bound there supports what they ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from datakit_iac.contract.shapes import Contract, StoreReference
from datakit_iac.environment.bindings import Bindings
from datakit_iac.environment.model import ResolvedDataSet, ResolvedStore
from datakit_iac.findings.finding import Finding
from datakit_iac.findings.location import Step
from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.models.dataset import DataSet
from datakit_iac.manifest.project import Project
from datakit_iac.pipeline.graph import Graph
from datakit_iac.technologies.technology import address, reader_faults, technology
from datakit_iac.technologies.technology_roles import HasSettings


class DataSets:
    """The DataSets of a project in one environment."""

    def __init__(
        self,
        project: Project,
        bindings: Bindings,
        stores: Mapping[str, ResolvedStore],
        graph: Graph,
        findings: list[Finding],
    ) -> None:
        self._project, self._bindings, self._stores = project, bindings, stores
        self._graph, self._findings = graph, findings

    def resolved(self) -> dict[str, ResolvedDataSet]:
        """Every DataSet whose Store is resolved, by name."""
        found = {name: each for name, said in self._project.datasets.items() if (each := self._resolved(said))}
        self._findings.extend(self._same_places(found))
        return found

    def _resolved(self, dataset: DataSet) -> ResolvedDataSet | None:
        store = self._stores.get(dataset.spec.store)
        if store is None:
            return None  # said where the Store is missing or wrong
        external = not store.destination
        if external and (writers := self._graph.writers.get(dataset.name)):
            for writer in writers:
                message = (
                    f"Transform {writer} writes DataSet {dataset.name}, but {store.connector} is not a destination"
                )
                self._find(self._project.transforms[writer], "not-a-destination", message, ("spec", "outputs"))
        contract = self._contract(dataset, store, external)
        if store.is_installed and contract.reader:
            contract = self._with_reader(dataset, contract)
        if store.is_installed:
            self._check_settings(dataset, contract)
        return ResolvedDataSet(
            manifest=dataset,
            contract=contract,
            graph=self._graph,
            vars=moved.binding.vars if (moved := self._bindings.of_dataset(dataset.name)) else {},
        )

    def _contract(self, dataset: DataSet, store: ResolvedStore, external: bool) -> Contract:
        return Contract.of(
            dataset,
            self._bindings.place(dataset),
            store=StoreReference.of(store.name, store.connection),
            columns=[self._related(dataset, column) for column in dataset.spec.columns],
            writers=list(self._graph.writers.get(dataset.name, ())),
            external=external,
        )

    def _with_reader(self, dataset: DataSet, contract: Contract) -> Contract:
        """The DataSet with its reader checked; without it where the technology that is bound here has none."""
        kind, path = contract.store.technology, ("spec", "reader")
        if not technology(kind).capabilities.reader:
            message = f"`reader` of DataSet {dataset.name} has no effect: {kind} reads in one way only"
            origin = self._project.origin(dataset)
            self._findings.append(origin.finding("not-used", message, path))
            return contract.model_copy(update={"reader": {}})
        for fault in reader_faults(contract.bound):
            self._find(dataset, "invalid-reader", f"DataSet {dataset.name}: {fault}", (*path, *fault.path))
        return contract

    def _check_settings(self, dataset: DataSet, contract: Contract) -> None:
        """What the technology that is bound here finds wrong with the DataSet, apart from its columns."""
        found = technology(contract.store.technology)
        for fault in found.faults(contract.bound) if isinstance(found, HasSettings) else ():
            self._find(dataset, fault.code, f"DataSet {dataset.name}: {fault}", ("spec", *fault.path))

    def _related(self, dataset: DataSet, column: Column) -> Column:
        """The column, its tests of relationships knowing the other DataSet's table."""
        if not any(test.relationships for test in column.tests):
            return column
        tests = list(column.tests)
        for place, test in enumerate(column.tests):
            if test.relationships is None:
                continue
            wanted = test.relationships.to
            parent = self._project.datasets.get(wanted)
            if parent is not None and parent.spec.store == dataset.spec.store:
                known = test.relationships.model_copy(update={"table": self._bindings.place(parent).table})
                tests[place] = test.model_copy(update={"relationships": known})
        return column.model_copy(update={"tests": tests})

    def _find(self, manifest: Any, code: str, message: str, path: tuple[Step, ...], hint: str = "") -> None:
        self._findings.append(self._project.origin(manifest).finding(code, message, path, hint=hint))

    def _same_places(self, datasets: Mapping[str, ResolvedDataSet]) -> Iterator[Finding]:
        seen: dict[tuple[str, str], str] = {}
        locations = {
            name: technology(store.connection.technology).location(store.connection)
            for name, store in self._stores.items()
            if store.is_installed
        }
        for name, dataset in datasets.items():
            if dataset.bound.store not in locations:
                continue
            place = dataset.bound.place
            key = (locations[dataset.bound.store], address(dataset.bound))
            if (first := seen.setdefault(key, name)) != name:
                message = f"DataSet {name} has the place of DataSet {first}: {place} in {key[0]}"
                yield self._project.origin(dataset.manifest).finding("same-place", message, ("spec",))
