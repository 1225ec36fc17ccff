"""Resolving a project for one environment: bindings applied, versions checked, secrets still references."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from datakit_iac.contract.dataset import DataSetReference
from datakit_iac.contract.job import Job
from datakit_iac.contract.shapes import Execution
from datakit_iac.environment import project_vars as dbt_vars
from datakit_iac.environment import variables
from datakit_iac.environment import version_references as choosing
from datakit_iac.environment.bindings import Bindings
from datakit_iac.environment.datasets import DataSets
from datakit_iac.environment.default import with_default
from datakit_iac.environment.model import ResolvedDataSet, ResolvedProject, ResolvedStore, ResolvedTransform
from datakit_iac.environment.paths import rooted
from datakit_iac.environment.secrets.sources import Secrets, sources_of
from datakit_iac.environment.stores import Stores
from datakit_iac.environment.versions.chosen import ChosenVersion
from datakit_iac.findings.finding import Finding, InvalidProjectError
from datakit_iac.findings.location import Step
from datakit_iac.findings.nearest import nearest
from datakit_iac.manifest.models.connector import Connector, editions
from datakit_iac.manifest.models.environment import Environment
from datakit_iac.manifest.models.plugin import NO_PLUGIN, NamedPlugin, Plugin
from datakit_iac.manifest.models.transform import Transform
from datakit_iac.manifest.project import Project
from datakit_iac.manifest.values.duration import seconds
from datakit_iac.pipeline.graph import build
from datakit_iac.runtimes.job import Runtime, UsesPlugins
from datakit_iac.runtimes.projects import NamesFiles, NotFoundError
from datakit_iac.runtimes.registry import runtime, runtimes


def resolve(project: Project, environment: str, secrets: Mapping[str, str] | Secrets) -> ResolvedProject:
    """As much of the project as `environment` gives a meaning; its findings say what is wrong, errors included.

    Args:
        project: the manifests; some may be broken, and what refers to those is left out.
        environment: an Environment's name.
        variables: the process's variables, or further sources of secrets beside them.

    Raises:
        InvalidProjectError: there is no such Environment.
    """
    project = with_default(project)
    if environment in project.environments:
        return _Resolution(project, project.environments[environment], sources_of(secrets)).resolved()
    findings = list(build(project)[1])
    if not project.is_broken(environment, "Environment"):
        hint = nearest(environment, project.environments)
        there = ", ".join(sorted(project.environments)) or "none"
        message = (
            f"unknown Environment {environment!r} in {project.root}, the stack's name being the environment's; "
            f"there is {there}"
        )
        findings.append(Finding(code="unknown-environment", message=message, hint=hint))
    raise InvalidProjectError(findings)


class _Resolution:
    """One resolution: the project, the environment, and the findings as they come."""

    def __init__(self, project: Project, environment: Environment, secrets: Secrets) -> None:
        self._project, self._environment, self._secrets = project, environment, secrets
        self._graph, self._findings = build(project)
        self._bindings = Bindings(project, environment)
        self._findings.extend(self._bindings.findings())
        self._stores = Stores(project, environment, self._bindings, secrets, self._findings)

    def resolved(self) -> ResolvedProject:
        stores = self._stores.resolved()
        datasets = DataSets(self._project, self._bindings, stores, self._graph, self._findings).resolved()
        transforms = {
            name: ResolvedTransform(self._project.transforms[name], job, self._references(name, datasets))
            for name in self._graph.order
            if (job := self._job(self._project.transforms[name], stores, datasets))
        }
        for each in transforms.values():
            self._findings.extend(variables.unset(self._project, self._environment, each.manifest, self._secrets))
        return ResolvedProject(
            project=self._project,
            environment=self._environment,
            connectors=_by_name(self._stores.connectors.values()),
            stores=stores,
            datasets=datasets,
            transforms=_with_context(transforms),
            graph=self._graph,
            findings=tuple(self._findings),
            versions=(*self._stores.versions, *self._further_versions(transforms)),
        )

    def _further_versions(self, resolved: Mapping[str, ResolvedTransform]) -> Iterator[ChosenVersion]:
        transforms = self._project.transforms.values()
        yield from choosing.of_plugins(self._stores.connectors.values())
        yield from choosing.of_images(transforms)
        yield from choosing.of_ports(self._project)
        yield from choosing.of_packages(resolved)

    def _find(self, manifest: Any, code: str, message: str, path: tuple[Step, ...], hint: str = "") -> None:
        self._findings.append(self._project.origin(manifest).finding(code, message, path, hint=hint))

    # Transforms.

    def _references(self, transform: str, datasets: Mapping[str, ResolvedDataSet]) -> tuple[str, ...]:
        return tuple(name for name in self._graph.references.get(transform, ()) if name in datasets)

    def _job(
        self, transform: Transform, stores: Mapping[str, ResolvedStore], datasets: Mapping[str, ResolvedDataSet]
    ) -> Job | None:
        reads, writes = self._graph.reads[transform.name], self._graph.writes[transform.name]
        spec = transform.spec
        named = (*reads, *writes)
        is_whole = transform.name not in self._graph.incomplete
        if not is_whole or not all(
            name in datasets and stores[datasets[name].bound.store].is_installed for name in named
        ):
            return None  # said where the DataSet is missing, or its Store's technology
        settings = spec.settings
        if builds := choosing.builds_project(spec.runtime):
            file, root = self._project.origin(transform).file, self._project.root
            try:
                found = builds.located(settings, file, root)
            except NotFoundError as fault:
                message = f"Transform {transform.name} {fault}"
                self._find(transform, "missing-field", message, ("spec", spec.runtime), fault.hint)
                return None
            settings = {**settings, **{name: rooted(folder, root) for name, folder in found.items()}}
            touched = [datasets[name] for name in dict.fromkeys(named)]
            said, faults = dbt_vars.values(self._environment, touched, stores)
            self._findings.extend(self._bindings.disagreement(each, transform.name) for each in faults)
            if said:
                settings["vars"] = said
        try:
            image = variables.image(transform, self._secrets)
        except ValueError as fault:
            self._find(transform, "invalid-value", str(fault), ("spec", "image"), "set its variables to what makes one")
            return None
        if isinstance(names := _installed(spec.runtime), NamesFiles):
            paths = {name: rooted(settings[name], self._project.root) for name in names.paths if name in settings}
            settings = {**settings, **paths}
        run = Execution.model_construct(
            runtime=spec.runtime,
            settings=settings,
            timeout=seconds(spec.timeout) if spec.timeout else None,
            env=variables.values(transform, self._secrets),
            image=image,
            command=spec.command,
            resources=spec.resources,
            retries=spec.retries,
            plugins=_plugins(spec.runtime, {"source": reads, "destination": writes}, stores, datasets),
        )
        bound = ([datasets[name].bound for name in each] for each in (reads, writes))
        return run.made(transform.name, *bound, environment=self._environment.name)


def _installed(kind: str) -> Runtime | None:
    return runtime(kind) if kind in runtimes() else None


def _plugins(
    kind: str,
    sides: Mapping[str, Iterable[str]],
    stores: Mapping[str, ResolvedStore],
    datasets: Mapping[str, ResolvedDataSet],
) -> dict[str, Plugin]:
    """By Store, the plugins that Connectors name for the sides on which a job has it; none where it uses none."""
    found: dict[str, dict[str, NamedPlugin]] = {}
    for side, names in sides.items():
        for store in (stores[datasets[name].bound.store] for name in names):
            if plugin := store.plugin.sides.get(side):
                found.setdefault(store.name, {})[side] = plugin
    if not found or not isinstance(_installed(kind), UsesPlugins):
        return {}
    return {name: NO_PLUGIN.model_copy(update=each) for name, each in found.items()}


def _by_name(used: Iterable[Connector]) -> dict[str, Connector]:
    """Connectors by the name of their resource: the newest version has the name itself, others add their version."""
    found = editions(used)
    newest = {name: several[0] for name, several in found.items()}
    return {**newest, **{each.identity: each for several in found.values() for each in several[1:]}}


def _with_context(transforms: Mapping[str, ResolvedTransform]) -> dict[str, ResolvedTransform]:
    """Jobs that share a code base know all the DataSets it refers to."""
    shared: dict[tuple[str, str], dict[str, DataSetReference]] = {}

    def key(job: Job) -> tuple[str, str]:
        return job.runtime, job.settings.get("project", job.transform)

    for each in transforms.values():
        shared.setdefault(key(each.job), {}).update({dataset.name: dataset.reference for dataset in each.job.inputs})
    contexts = {each: tuple(found[name] for name in sorted(found)) for each, found in shared.items()}
    return {
        name: replace(each, job=replace(each.job, context=contexts[key(each.job)])) for name, each in transforms.items()
    }
