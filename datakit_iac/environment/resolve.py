"""Resolving a project for one environment: bindings applied, versions checked, secrets still references."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from datakit_iac.environment import choosing
from datakit_iac.environment.catalog import Catalog
from datakit_iac.environment.chosen import ChosenVersion
from datakit_iac.environment.paths import rooted
from datakit_iac.environment.resolved import ResolvedDataSet, ResolvedProject, ResolvedStore, ResolvedTransform
from datakit_iac.environment.unsupported import unsupported
from datakit_iac.manifest.connector import Connector
from datakit_iac.manifest.dataset import Column, DataSet, Place
from datakit_iac.manifest.duration import seconds
from datakit_iac.manifest.editions import editions
from datakit_iac.manifest.environment import BindingSection, Environment
from datakit_iac.manifest.finding import Finding, InvalidProjectError, nearest
from datakit_iac.manifest.positions import Step
from datakit_iac.manifest.project import Project
from datakit_iac.manifest.secret import Secret, variable
from datakit_iac.manifest.store import Store
from datakit_iac.manifest.transform import Transform
from datakit_iac.pipeline.graph import build
from datakit_iac.runtimes.job import Job
from datakit_iac.technologies.bound import BoundDataSet, Connection
from datakit_iac.technologies.technology import StoreError, technology


def resolve(project: Project, environment: str, variables: Mapping[str, str]) -> ResolvedProject:
    """The project as `environment` means it.

    Args:
        project: the manifests.
        environment: an Environment's name, which is the Pulumi stack's.
        variables: the process's variables, asked only whether secrets' references can be resolved.

    Raises:
        InvalidProjectError: the project cannot be registered; every error, and every warning beside them.
    """
    resolved = examine(project, environment, variables)
    if any(finding.severity == "error" for finding in resolved.findings):
        raise InvalidProjectError(resolved.findings)
    return resolved


def examine(project: Project, environment: str, variables: Mapping[str, str]) -> ResolvedProject:
    """As much of the project as `environment` gives a meaning; its findings say what is wrong, errors included.

    Args:
        project: the manifests; some may be broken, and what refers to those is left out.
        environment: an Environment's name.
        variables: the process's variables.

    Raises:
        InvalidProjectError: there is no such Environment.
    """
    if environment in project.environments:
        return _Resolution(project, project.environments[environment], variables).resolved()
    findings = build(project)[1]
    if not project.is_broken(environment, "Environment"):
        hint = nearest(environment, project.environments)
        message = f"there is no Environment {environment!r} in {project.root}; the stack's name is the environment's"
        findings.append(Finding(code="unknown-environment", message=message, hint=hint))
    raise InvalidProjectError(findings)


_PLACES: Final = ("table", "prefix", "topic")


class _Resolution:
    """One resolution: the project, the environment, and the findings as they come."""

    def __init__(self, project: Project, environment: Environment, variables: Mapping[str, str]) -> None:
        self._project, self._environment, self._variables = project, environment, variables
        self._graph, self._findings = build(project)
        self._catalog = Catalog(project, environment)
        self._findings.extend(self._catalog.wrong_ranges())
        self._connectors: dict[str, Connector] = {}
        self._versions: list[ChosenVersion] = []

    def resolved(self) -> ResolvedProject:
        stores = {name: store for name, each in self._project.stores.items() if (store := self._store(each))}
        datasets = {
            name: dataset for name, each in self._project.datasets.items() if (dataset := self._dataset(each, stores))
        }
        self._findings.extend(self._same_places(datasets))
        self._findings.extend(self._unknown_bindings())
        transforms = {
            name: ResolvedTransform(self._project.transforms[name], job)
            for name in self._graph.order
            if (job := self._job(self._project.transforms[name], datasets))
        }
        return ResolvedProject(
            project=self._project,
            environment=self._environment,
            connectors=_by_name(self._connectors.values()),
            stores=stores,
            datasets=datasets,
            transforms=_with_context(transforms),
            graph=self._graph,
            findings=(*self._findings, *unsupported(self._project, self._environment)),
            versions=(*self._versions, *self._further_versions()),
        )

    def _further_versions(self) -> Iterator[ChosenVersion]:
        transforms = self._project.transforms.values()
        yield from choosing.of_plugins(self._connectors.values())
        yield from choosing.of_images(transforms)
        yield from choosing.of_ports(transforms, self._project.datasets)
        yield from choosing.of_packages(transforms, self._project.root)

    def _find(self, manifest: Any, code: str, message: str, path: tuple[Step, ...], hint: str = "") -> None:
        self._findings.append(self._project.origin(manifest).finding(code, message, path, hint=hint))

    # Stores.

    def _store(self, store: Store) -> ResolvedStore | None:
        choice = self._catalog.choose(store, self._findings)
        if choice is None:
            return None
        connector = choice[0]
        self._connectors[connector.identity] = connector
        self._versions.append(choice[1])
        binding = self._environment.binding(store.name)
        kind, options, secrets = _bound(store, connector, binding)
        manifest, path = self._place_of(store, binding)
        try:
            found = technology(kind)
        except StoreError as fault:
            named = (connector, ("spec", "type")) if kind == connector.spec.type else (manifest, (*path, "type"))
            self._find(named[0], "unknown-technology", str(fault), named[1])
            return None
        if isinstance(options.get("path"), str):
            options["path"] = rooted(options["path"], self._project.root)
        connection = Connection(kind, options)
        hidden = {name: Secret(reference) for name, reference in secrets.items()}
        faults = found.check(replace(connection, secrets=hidden))
        for each in faults:
            self._find(manifest, "invalid-connection", f"Store {store.name}: {each}", path)
        self._unset(store, binding, secrets)
        if faults:
            return None
        create = binding.create if binding and binding.create is not None else store.spec.create
        return ResolvedStore(store.name, connector.name, connection, secrets, create, connector.spec.version)

    def _place_of(self, store: Store | DataSet, binding: BindingSection | None) -> tuple[Any, tuple[Step, ...]]:
        """The manifest and field to blame for a connection: the binding where there is one."""
        if binding is None:
            return store, ("spec", "connection")
        environment, wanted = self._environment, store.name
        for path, bindings in (
            (("bindings",), environment.bindings),
            (("spec", "bindings"), environment.spec.bindings),
        ):
            for key in bindings:
                if key.replace("_", "-") == wanted:
                    return environment, (*path, key)
        return environment, ()

    def _unset(self, store: Store, binding: BindingSection | None, secrets: Mapping[str, str]) -> None:
        for name, reference in secrets.items():
            if variable(reference) not in self._variables:
                message = f"Store {store.name} takes its secret {name} from {reference}, which is not set"
                manifest, path = self._place_of(store, binding if binding and name in binding.secrets else None)
                path = (*path, "secrets", name) if manifest is not store else ("spec", "secrets", name)
                self._find(manifest, "unset-variable", message, path, f"export {variable(reference)}=…")

    # DataSets.

    def _dataset(self, dataset: DataSet, stores: Mapping[str, ResolvedStore]) -> ResolvedDataSet | None:
        wanted = dataset.spec.store
        store = stores.get(wanted)
        if store is None:
            if wanted not in self._project.stores and not self._project.is_broken(wanted, "Store"):
                message = f"DataSet {dataset.name} lies in Store {wanted!r}, which is not declared"
                self._find(dataset, "unknown-store", message, ("spec", "store"), nearest(wanted, self._project.stores))
            return None
        external = "destination" not in self._project.connectors[store.connector].spec.capabilities
        if external and (writers := self._graph.writers.get(dataset.name)):
            for writer in writers:
                message = f"Transform {writer} writes DataSet {dataset.name}, but {store.connector} is no destination"
                self._find(self._project.transforms[writer], "not-a-destination", message, ("spec", "outputs"))
        return ResolvedDataSet(
            manifest=dataset,
            bound=self._bound_dataset(dataset, store),
            external=external,
            downstream=self._graph.downstream(dataset.name),
        )

    def _bound_dataset(self, dataset: DataSet, store: ResolvedStore) -> BoundDataSet:
        spec = dataset.spec
        self._check_binding(dataset)
        tags = {
            "classification": spec.classification,
            "tier": dataset.tier,
            "owner": spec.owner,
            "retention": spec.retention,
        }
        return BoundDataSet(
            name=dataset.name,
            store=store.name,
            connection=store.connection,
            place=self._place(dataset),
            columns=tuple(self._related(dataset, index, column) for index, column in enumerate(spec.columns)),
            description=dataset.description,
            tests=tuple(spec.tests),
            tags={key: value for key, value in tags.items() if value},
        )

    def _place(self, dataset: DataSet) -> Place:
        """Where a DataSet lies, as its binding moves it."""
        binding = self._dataset_binding(dataset)
        moved = {key: getattr(binding, key, None) for key in _PLACES}
        return dataset.spec.place.model_copy(update=moved) if any(moved.values()) else dataset.spec.place

    def _dataset_binding(self, dataset: DataSet) -> BindingSection | None:
        return self._environment.binding(dataset.name) if dataset.name not in self._project.stores else None

    def _check_binding(self, dataset: DataSet) -> None:
        binding = self._dataset_binding(dataset)
        if binding is None:
            return
        manifest, path = self._place_of(dataset, binding)
        if sum(bool(getattr(binding, key)) for key in _PLACES) > 1:
            message = f"DataSet {dataset.name} is bound to several places; expected one of table, prefix and topic"
            self._find(manifest, "invalid-value", message, path)
        for field in sorted({*binding.model_fields_set, *binding.connection}.difference(_PLACES)):
            message = f"the binding of a DataSet moves its place; there is no field {field!r} here"
            self._find(manifest, "unknown-field", message, (*path, field), nearest(field, _PLACES))

    def _related(self, dataset: DataSet, index: int, column: Column) -> Column:
        """The column, its tests of relationships knowing the other DataSet's table."""
        tests = list(column.tests)
        for place, test in enumerate(column.tests):
            if test.relationships is None:
                continue
            path = ("spec", "schema", index, "tests", place, "relationships", "to")
            wanted = test.relationships.to
            parent = self._project.datasets.get(wanted)
            if parent is None and self._project.is_broken(wanted, "DataSet"):
                continue
            if parent is None:
                message = f"{dataset.name}.{column.name} relates to DataSet {wanted!r}, which is not declared"
                self._find(dataset, "unknown-dataset", message, path, nearest(wanted, self._project.datasets))
            elif parent.spec.store != dataset.spec.store:
                message = (
                    f"{dataset.name}.{column.name} relates to DataSet {wanted} of another Store, {parent.spec.store}"
                )
                self._find(dataset, "other-store", message, path, "test it where both lie in one Store")
            else:
                known = test.relationships.model_copy(update={"table": self._place(parent).table})
                tests[place] = test.model_copy(update={"relationships": known})
        return column.model_copy(update={"tests": tests})

    def _same_places(self, datasets: Mapping[str, ResolvedDataSet]) -> Iterator[Finding]:
        seen: dict[tuple[str, str], str] = {}
        for name, dataset in datasets.items():
            connection = dataset.bound.connection
            key = (technology(connection.technology).location(connection), str(dataset.bound.place))
            if (first := seen.setdefault(key, name)) != name:
                message = f"DataSet {name} lies where DataSet {first} lies: {key[1]} in {key[0]}"
                yield self._project.origin(dataset.manifest).finding("same-place", message, ("spec",))

    def _unknown_bindings(self) -> Iterator[Finding]:
        environment, known = self._environment, {*self._project.stores, *self._project.datasets}
        for path, bindings in (
            (("bindings",), environment.bindings),
            (("spec", "bindings"), environment.spec.bindings),
        ):
            for key in bindings:
                name = key.replace("_", "-")
                if name not in known and not self._project.is_broken(name, "Store", "DataSet"):
                    message = f"there is no Store and no DataSet {key!r}, so this binds nothing"
                    hint = nearest(key, known)
                    yield self._project.origin(environment).finding("unknown-binding", message, (*path, key), hint=hint)

    # Transforms.

    def _job(self, transform: Transform, datasets: Mapping[str, ResolvedDataSet]) -> Job | None:
        reads, writes = self._graph.reads[transform.name], self._graph.writes[transform.name]
        spec = transform.spec
        named = [name for port in (*spec.inputs, *spec.outputs) for name in self._project.members(port.dataset)]
        if not all(name in datasets for name in named):
            return None  # said where the DataSet is missing
        section = getattr(spec, spec.runtime, None)
        settings = section.model_dump(mode="json", by_alias=True) if section else {}
        if "project" in settings:
            settings["project"] = rooted(settings["project"], self._project.root)
        return Job(
            transform=transform.name,
            runtime=spec.runtime,
            settings=settings,
            inputs=tuple(datasets[name].bound for name in reads),
            outputs=tuple(datasets[name].bound for name in writes),
            environment=self._environment.name,
            timeout=seconds(spec.timeout) if spec.timeout else None,
        )


def _by_name(used: Iterable[Connector]) -> dict[str, Connector]:
    """Connectors by the name of their resource: the newest version has the name itself, others add their version."""
    found = editions(used)
    newest = {name: several[0] for name, several in found.items()}
    return {**newest, **{each.identity: each for several in found.values() for each in several[1:]}}


def _bound(
    store: Store, connector: Connector, binding: BindingSection | None
) -> tuple[str, dict[str, Any], dict[str, str]]:
    """Technology, options, secrets: the binding over what the Store says, or instead if the technology differs."""
    kind = connector.spec.type
    if binding is None:
        return kind, dict(store.spec.connection), dict(store.spec.secrets)
    if binding.type and binding.type != kind:
        return binding.type, binding.connection, dict(binding.secrets)
    return kind, {**store.spec.connection, **binding.connection}, {**store.spec.secrets, **binding.secrets}


def _with_context(transforms: Mapping[str, ResolvedTransform]) -> dict[str, ResolvedTransform]:
    """Jobs that share a code base know all the DataSets it refers to."""
    shared: dict[tuple[str, str], dict[str, BoundDataSet]] = {}

    def key(job: Job) -> tuple[str, str]:
        return job.runtime, job.settings.get("project", job.transform)

    for each in transforms.values():
        shared.setdefault(key(each.job), {}).update({dataset.name: dataset for dataset in each.job.inputs})
    return {
        name: replace(
            each, job=replace(each.job, context=tuple(found for _, found in sorted(shared[key(each.job)].items())))
        )
        for name, each in transforms.items()
    }
