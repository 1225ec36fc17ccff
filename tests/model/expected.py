"""What the tables hold, said once more in plain Python after docs/datasets.md and docs/transforms-and-runs.md.

A `World` holds tables by their address. It is given what was done, operation by operation, and changes as the documents
say that tables change: a DataSet's operation alters its table, a Run's fills it. Nothing of the product is used here.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace

from tests.model.contents import delivered, identity, modelled, values
from tests.model.project import Column, DataSet, Load, Project
from tests.model.values import MisfitError, Row, Table, Value, fit, spelled


@dataclass
class World:
    """All tables there should be, by address.

    Attributes:
        tables: what is where.
        contracts: each DataSet as it was last applied, by name.
        outdated: the places of DataSets that were replaced and not deleted yet, by name.
        loads: how often rows were loaded.
    """

    tables: dict[str, Table] = field(default_factory=dict)
    contracts: dict[str, DataSet] = field(default_factory=dict)
    outdated: dict[str, str] = field(default_factory=dict)
    loads: int = 0

    def take(self, project: Project, kind: str, label: str) -> None:
        """An operation was done.

        Args:
            project: the version of the project that it belongs to.
            kind: create, update, replace or delete.
            label: type and name of the resource.
        """
        type_, _, name = label.partition(" ")
        if type_ == "DataSet" and kind != "delete":
            for key, dataset in project.datasets.items():
                if dataset.name == name and (key != "extra" or project.extra):
                    if kind == "replace" and name in self.contracts:
                        self.outdated[name] = self.contracts[name].place
                    self.settle(dataset, new=kind != "update")
        elif type_ == "DataSet":
            self.removed(name, project)
        elif type_ == "Run" and kind != "delete":
            self.run(project, name)
        self._look()

    def _look(self) -> None:
        """Views show what their tables hold now."""
        for place, table in self.tables.items():
            if table.view_of:
                try:
                    rows = tuple(Row(values, "dbt") for values in modelled(*table.view_of, self.tables))
                    self.tables[place] = replace(table, rows=rows)
                except MisfitError:  # it reads a column that is gone; its Run recreates it
                    self.tables[place] = replace(table, known=False)

    # DataSets.

    def settle(self, dataset: DataSet, *, new: bool) -> None:
        """The table has the columns of the contract; rows stay.

        A column that the contract does not name stays where the table is taken over, and goes where a contract that
        named it is changed.
        """
        self.contracts[dataset.name] = dataset
        table = self.tables.get(dataset.place)
        if table is None:
            columns = {column.name: spelled(column.type) for column in dataset.columns}
            self.tables[dataset.place] = Table(dataset.name, columns)
            return
        if table.view_of:  # its Run recreates it
            self.tables[dataset.place] = replace(table, owner=dataset.name)
            return
        former = {column.name: _former(column, dataset, table) for column in dataset.columns}
        rows = []
        for row in table.rows:
            values = {}
            for column in dataset.columns:
                old = former[column.name]
                values[column.name] = fit(row.values.get(old), column.type) if old else None
            rows.append(replace(row, values=values))
        columns = {column.name: spelled(column.type) for column in dataset.columns}
        left = {*table.columns} - {*former.values()} if new else set()
        strays = frozenset({*table.strays, *left} - {*columns})
        self.tables[dataset.place] = replace(
            table, owner=dataset.name, columns=columns, rows=tuple(rows), strays=strays
        )

    def removed(self, name: str, project: Project) -> None:
        """A resource went: its table stays where data is retained or where a newer one holds it, else it is gone."""
        contract = self.contracts.get(name)
        place = self.outdated.pop(name, "") or (contract.place if contract else "")
        current = {each.place for key, each in project.datasets.items() if key != "extra" or project.extra}
        if name not in {each.name for each in project.datasets.values()}:
            self.contracts.pop(name, None)
        if place not in current and project.deletion == "delete":
            self.tables.pop(place, None)

    # Runs.

    def run(self, project: Project, name: str) -> None:
        """A Transform ran to its end."""
        for load in project.loads.values():
            if load.name == name:
                self.load(project, load)
        for transform, keys in ((project.staging, project.staged()), (project.marts, ["totals"])):
            if transform == name:
                for key in keys:
                    self.built(project, key)

    def load(self, project: Project, load: Load) -> None:
        """The rows of a source come into a table as the write mode says."""
        dataset = project.datasets[load.target]
        table = self.tables[dataset.place]
        if table.view_of:
            columns = {column.name: spelled(column.type) for column in dataset.columns}
            table = Table(dataset.name, columns)
        self.loads += 1
        new = tuple(Row(row, load.name, self.loads) for row in delivered(project, load))
        writers = {each.name for each in project.loads.values() if each.target == load.target}
        keys = [column.name for column in dataset.columns if column.key]
        coming = {tuple(row.values[key] for key in keys) for row in new} if keys else set()
        match load.mode:
            case "append":
                again = table.loaded(identity(project, load), {load.name} | (table.writers() - writers))
                kept = [row for row in table.rows if row.attempt not in again]
            case "overwrite":
                kept = [row for row in table.rows if tuple(row.values[key] for key in keys) not in coming]
            case _:
                kept = [row for row in table.rows if row.writer != load.name and row.writer in writers]
                kept = [row for row in kept if not keys or tuple(row.values[key] for key in keys) not in coming]
        attempts = {name: attempt for name, attempt in table.attempts.items() if name in writers}
        attempts[load.name] = (self.loads, identity(project, load))
        self.tables[dataset.place] = replace(table, rows=(*kept, *new), known=True, attempts=attempts)

    def built(self, project: Project, key: str) -> None:
        """A model was built."""
        dataset = project.datasets[key]
        rows = tuple(Row(values, "dbt") for values in modelled(project, key, self.tables))
        columns = {column.name: spelled(column.type) for column in dataset.columns}
        kind = project.extra if key == "extra" else project.models[key].kind
        view = (project, key) if kind == "view" else None
        self.tables[dataset.place] = Table(dataset.name, columns, rows, view_of=view)

    def doubt(self, project: Project, name: str) -> None:
        """A Run failed: what dbt built by then stays, so nobody can say; a load leaves its table as it was."""
        for transform, keys in ((project.staging, project.staged()), (project.marts, ["totals"])):
            if transform == name:
                for key in keys:
                    if table := self.tables.get(project.datasets[key].place):
                        self.tables[project.datasets[key].place] = replace(table, known=False)

    def fault(self, project: Project) -> str:
        """Why a project cannot be brought up; empty where it can."""
        world = deepcopy(self)
        try:
            for key, dataset in project.datasets.items():
                if key != "extra" or project.extra:
                    world.settle(dataset, new=dataset.name not in world.contracts)
            for load in project.loads.values():
                tuple(delivered(project, load))
            world.finished(project).verify(project)
        except MisfitError as fault:
            return str(fault)
        return ""

    def verify(self, project: Project) -> None:
        """Hold what was made to what it was promised to be.

        Raises:
            MisfitError: it is not.
        """
        for key, dataset in project.datasets.items():
            rows = self.rows(project, key) if key != "extra" or project.extra else []
            for column in dataset.columns:
                if (column.required or column.key) and any(row[column.name] is None for row in rows):
                    raise MisfitError(f"{key}.{column.name} is empty")
                if column.key and len({row[column.name] for row in rows}) < len(rows):
                    raise MisfitError(f"{key}.{column.name} has a value twice")
        if project.related:
            person = project.models["big"].names["person"]
            people = {row[project.models["named"].names["id"]] for row in self.rows(project, "people")}
            referred = {row[person] for row in self.rows(project, "sales")} - {None}
            if referred - people:
                raise MisfitError(f"sales refer to {sorted(map(str, referred - people))}, who are not among people")

    def rows(self, project: Project, key: str) -> list[Mapping[str, Value]]:
        """The rows of a DataSet."""
        return values(project, key, self.tables)

    def finished(self, project: Project) -> World:
        """The world once everything ran that a green update runs: loading again changes nothing, unless it appends."""
        world = World(dict(self.tables), dict(self.contracts), dict(self.outdated), self.loads)
        for load in project.loads.values():
            if load.mode != "append":
                world.load(project, load)
        for key in (*project.staged(), "totals"):
            world.built(project, key)
        return world


def _former(column: Column, dataset: DataSet, table: Table) -> str | None:
    there = {name.lower(): name for name in table.columns}
    if column.name.lower() in there and not (
        column.previous and column.previous[0].lower() in there and _is_shift(column, dataset, there)
    ):
        return there[column.name.lower()]
    kept = {each.name.lower() for each in dataset.columns}
    return next(
        (there[old.lower()] for old in column.previous if old.lower() in there and old.lower() not in kept), None
    )


def _is_shift(column: Column, dataset: DataSet, there: Mapping[str, str]) -> bool:
    """Whether the column's name was taken over from another one, which went on to a new name."""
    takers = [each for each in dataset.columns if column.name in each.previous and each.name.lower() not in there]
    return bool(takers)
