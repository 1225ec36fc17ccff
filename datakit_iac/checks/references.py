"""What manifests say of each other: Stores, DataSets and columns that must be there, whatever the environment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from datakit_iac.checks.columns import unknown_column
from datakit_iac.findings.finding import Finding
from datakit_iac.findings.location import Step
from datakit_iac.findings.nearest import nearest
from datakit_iac.findings.sensitive import gives_away, literals
from datakit_iac.manifest.project import Project

if TYPE_CHECKING:  # a kind's model is imported when a manifest of it is read
    from datakit_iac.manifest.models.column import Test
    from datakit_iac.manifest.models.connector import Connector
    from datakit_iac.manifest.models.dataset import DataSet


def references(project: Project) -> Iterator[Finding]:
    """Every reference to something that is not there; what is there but broken is reported as that."""
    for connector in (*project.connectors.values(), *(each for older in project.older.values() for each in older)):
        yield from _placeholders(project, connector)
    for store in project.stores.values():
        wanted = store.spec.connector
        if wanted not in project.connectors and not project.is_broken(wanted, "Connector"):
            message = f"Store {store.name} is of Connector {wanted!r}, which is not declared"
            hint = nearest(wanted, project.connectors)
            yield project.origin(store).finding("unknown-connector", message, ("spec", "connector"), hint=hint)
    for dataset in project.datasets.values():
        yield from _Contract(project, dataset).findings()
    for environment in project.environments.values():
        of_bindings = (((*each.path, "vars"), each.binding.vars) for each in environment.bound())
        said = ((("spec", "vars"), environment.spec.vars), *of_bindings)
        for path in (each for where, values in said for each in literals(values, where)):
            message = f"{path[-1]} is a secret; do not write its value in a manifest; tools show what `vars` give"
            hint = "`env` of the Transforms, and env_var() in the models"
            yield project.origin(environment).finding("literal-secret", message, path, hint=hint)
    for transform in project.transforms.values():
        if (section := transform.spec.section) and not isinstance(section, dict):
            yield from section.findings(project, transform)
        for index, each in enumerate(transform.spec.env):
            if gives_away(each.name, each.value):
                message = f"{each.name} is a secret; do not write its value in a manifest"
                path, hint = ("spec", "env", index, "value"), f'value: "${{{each.name}}}"'
                yield project.origin(transform).finding("literal-secret", message, path, hint=hint)


def _placeholders(project: Project, connector: Connector) -> Iterator[Finding]:
    known = [each.field for each in connector.spec.connection_schema]
    for index, tool in enumerate(connector.spec.tools):
        for name in tool.placeholders:
            if known and name not in known:
                path = ("spec", "tools", index, "template" if tool.template else "command")
                message = f"tool {tool.name} uses {name!r}, which is not defined in connectionSchema"
                yield project.origin(connector).finding("unknown-field", message, path, hint=nearest(name, known))


class _Contract:
    """One DataSet, and what it says of others and of its own columns."""

    def __init__(self, project: Project, dataset: DataSet) -> None:
        self._project, self._dataset = project, dataset
        self._origin = project.origin(dataset)

    def findings(self) -> Iterator[Finding]:
        spec = self._dataset.spec
        yield from self._store()
        yield from self._former_names()
        for index, column in enumerate(spec.columns):
            for place, source in enumerate(column.from_):
                yield from self._source(source, ("spec", "schema", index, "from", place))
            yield from self._tests(column.tests, ("spec", "schema", index, "tests"))
        yield from self._tests(spec.tests, ("spec", "tests"))
        if spec.dev.seed:
            from datakit_iac.checks.seeds import seeds  # late: most DataSets have none

            yield from seeds(self._project, self._dataset)

    def _store(self) -> Iterator[Finding]:
        wanted = self._dataset.spec.store
        if wanted not in self._project.stores and not self._project.is_broken(wanted, "Store"):
            message = f"DataSet {self._dataset.name} is in Store {wanted!r}, which is not declared"
            hint = nearest(wanted, self._project.stores)
            yield self._origin.finding("unknown-store", message, ("spec", "store"), hint=hint)

    def _former_names(self) -> Iterator[Finding]:
        for index, name in enumerate(self._dataset.spec.previous_names):
            if name in self._project.datasets:
                message = (
                    f"DataSet {self._dataset.name} was {name} by its previousNames, and {name} is declared as well"
                )
                hint = "once the rename was applied everywhere, take it out; a DataSet of the old name comes after that"
                yield self._origin.finding("invalid-value", message, ("spec", "previousNames", index), hint=hint)

    def _source(self, source: str, path: tuple[Step, ...]) -> Iterator[Finding]:
        """``DATASET.COLUMN``; of a group, a column that each of its DataSets has."""
        wanted, _, column = source.partition(".")
        if wanted in self._project.groups:
            members = [self._project.datasets.get(name) for name in self._project.members(wanted)]
            for member in filter(None, members):
                yield from self._column(member, column, path)
        elif found := self._project.datasets.get(wanted):
            yield from self._column(found, column, path)
        else:
            yield from self._unknown(wanted, f"{source} is of DataSet {wanted!r}, which is not declared", path)

    def _tests(self, tests: Iterable[Test], path: tuple[Step, ...]) -> Iterator[Finding]:
        for index, test in enumerate(tests):
            if test.freshness:
                yield from self._column(
                    self._dataset, test.freshness.column, (*path, index, "freshness", "column"), "timestamp"
                )
            if test.relationships:
                yield from self._relationship(test, (*path, index, "relationships"))

    def _relationship(self, test: Test, path: tuple[Step, ...]) -> Iterator[Finding]:
        assert test.relationships is not None
        wanted, mine = test.relationships.to, self._dataset
        parent = self._project.datasets.get(wanted)
        if parent is None:
            message = f"{mine.name} relates to DataSet {wanted!r}, which is not declared"
            if wanted in self._project.groups:
                message = f"{mine.name} relates to DataSetGroup {wanted}; expected one DataSet, whose column it is"
            yield from self._unknown(wanted, message, (*path, "to"))
        elif parent.spec.store != mine.spec.store:
            message = f"{mine.name} relates to DataSet {wanted} of another Store, {parent.spec.store}"
            hint = "test it where both are in one Store"
            yield self._origin.finding("other-store", message, (*path, "to"), hint=hint)
        else:
            yield from self._column(parent, test.relationships.field, (*path, "field"))

    def _unknown(self, wanted: str, message: str, path: tuple[Step, ...]) -> Iterator[Finding]:
        if not self._project.is_broken(wanted, "DataSet", "DataSetGroup"):
            hint = nearest(wanted, self._project.datasets)
            yield self._origin.finding("unknown-dataset", message, path, hint=hint)

    def _column(self, dataset: DataSet, name: str, path: tuple[Step, ...], kind: str = "") -> Iterator[Finding]:
        """A column that a DataSet must have; one that declares none may have any."""
        columns = {column.name.lower(): column for column in dataset.spec.columns}
        found = columns.get(name.lower())
        if columns and found is None:
            yield unknown_column(self._origin, dataset, name, path)
        elif found and kind and found.type.name not in ("date", "timestamp", "timestamptz"):
            message = f"column {name} of DataSet {dataset.name} is {found.type}; expected a date or timestamp"
            yield self._origin.finding("invalid-value", message, path)
