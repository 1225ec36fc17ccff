"""Platform: a whole project of manifests, registered in the order of its graph."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pulumi

from datakit_iac.checks.validate import validate
from datakit_iac.contract.properties import arguments
from datakit_iac.environment import limits, seeding
from datakit_iac.environment.model import ResolvedDataSet, ResolvedProject, ResolvedStore, ResolvedTransform
from datakit_iac.findings.finding import Finding, InvalidProjectError
from datakit_iac.manifest.loading.loader import load
from datakit_iac.manifest.models.environment import Environment
from datakit_iac.manifest.values.deferred import is_deferred, sources
from datakit_iac.manifest.values.secret import variable
from datakit_iac.pulumi_compat import root_directory
from datakit_iac.resources import additions
from datakit_iac.resources.additions import Further
from datakit_iac.resources.approval_gate import admit, applied
from datakit_iac.resources.arguments import Arguments
from datakit_iac.resources.bindings import Bound, PulumiValues
from datakit_iac.resources.constructor import reported_together
from datakit_iac.resources.dataset import DataSet
from datakit_iac.resources.kubernetes import EXECUTOR, ClusterObjects
from datakit_iac.resources.positions import declared_at
from datakit_iac.resources.run import Run
from datakit_iac.resources.secrets import secrets
from datakit_iac.resources.store import Connector, Store
from datakit_iac.resources.store_secrets import StoreSecrets
from datakit_iac.resources.transform import Transform
from datakit_iac.resources.values import kind_of


class Platform(pulumi.ComponentResource):
    """A project of manifests in one environment.

    Args:
        resource_name: the component's name.
        project: the folder of the manifests, from the Pulumi project's.
        environment: the Environment's name; the stack's where it is None.
        bindings: fields of the bindings of Stores, by the Stores' names, over those of the manifests; outputs of other
            resources among them, secrets too: ``{"warehouse": {"host": db.address, "password": db.password}}``.
        resources: DataSets and Transforms beside the manifests: functions of `@transform`, what `dataset` declares, and
            manifests as mappings, ``{"kind": "DataSet", "metadata": {"name": "scores"}, "spec": {…}}``.
        opts: Pulumi's resource options.

    Raises:
        pulumi.RunError: the project has errors, or the environment asks for an approval that is not there; everything
            that is wrong is reported, and nothing is registered.

    Attributes:
        runs: what each Run did, by Transform: rows by table, or models and tests.
    """

    runs: pulumi.Output[dict[str, Any]]

    @reported_together
    def __init__(
        self,
        resource_name: str,
        *,
        project: str | os.PathLike[str],
        environment: str | None = None,
        bindings: Bound | None = None,
        resources: Sequence[Further] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        given = Arguments.of(self)
        for argument, value in {"project": project, "environment": environment}.items():
            if not isinstance(value, str | os.PathLike) and (value is not None or argument == "project"):
                given.wrong(argument, f"expected text that is known when the program runs; found {kind_of(value)}")
        if bindings is not None and not _is_bindings(bindings):
            given.wrong("bindings", f"expected a mapping of Stores' names to fields; found {kind_of(bindings)}")
        for number, each in enumerate(resources):
            if fault := additions.fault(each):
                given.wrong(f"resources[{number}]", fault)
        if refused := given.refused():
            super().__init__("datakit:index:Platform", resource_name, {"project": refused}, opts)
            self.runs = refused
            return
        # The program may run in a folder below (`main` of Pulumi.yaml); the provider runs in the project's own.
        with contextlib.chdir(root_directory()):
            self._values = PulumiValues(bindings)
            self._further = additions.documents(resources, Path(project), given.place)
            self._register(resource_name, project, environment, opts)

    def _register(
        self,
        resource_name: str,
        project: str | os.PathLike[str],
        environment: str | None,
        opts: pulumi.ResourceOptions | None,
    ) -> None:
        self._secrets = secrets(Path.cwd())
        resolved, warnings = self._resolved(Path(project), environment or pulumi.get_stack())
        plan = admit(resolved, warnings)
        # A policy pack that sees its children finds their manifests, and so their policies and waivers, by these.
        sent = {"project": os.fspath(project), "environment": resolved.environment.name}
        super().__init__("datakit:index:Platform", resource_name, sent, opts)
        for found in warnings:
            (pulumi.log.info if found.severity == "note" else pulumi.log.warn)(str(found))
        self._project, within = resolved.project, pulumi.ResourceOptions(parent=self)
        self._found = {
            name: {key: self._secret(each) for key, each in store.secrets.items()}
            for name, store in resolved.stores.items()
        }
        self._child = pulumi.ResourceOptions(parent=self, provider=self._carrier(resource_name, resolved, within))
        self._connectors(resolved)
        self._stores = {name: self._store(store) for name, store in resolved.stores.items()}
        self._is_approved = bool(resolved.environment.spec.approval.needed)
        self._resolved_project, self._history = resolved, self._stores.get(resolved.environment.spec.history or "")
        self._executor = limits.executor(resolved.environment)
        deletion, self._quotas = _deletion(resolved.environment), self._values.replaced(limits.quotas(resolved))
        self._datasets = {name: self._dataset(each, deletion) for name, each in resolved.datasets.items()}
        runs = {name: self._transform(each) for name, each in resolved.transforms.items()}
        if resolved.environment.spec.executor.type == EXECUTOR:
            after = pulumi.ResourceOptions.merge(within, pulumi.ResourceOptions(depends_on=[*self._datasets.values()]))
            started = ClusterObjects(resolved, os.fspath(project), self._secrets, self._reached, after)
            started.declare([*filter(None, runs.values())])
        self.runs = pulumi.Output.all(**{name: run.counts for name, run in runs.items() if run})
        made = (*self._stores.values(), *self._datasets.values(), *filter(None, runs.values()))
        self.register_outputs({"runs": self.runs, **applied(plan, made)})

    def _resolved(self, root: Path, environment: str) -> tuple[ResolvedProject, tuple[Finding, ...]]:
        """The project that may be registered, with the warnings on it."""
        try:
            project, wrong = self._values.bind(load(root, further=self._further), environment)
            if profile := os.environ.get(seeding.VARIABLE) or pulumi.Config("datakit").get("seed"):
                project = seeding.with_seeds(project, environment, profile)
            resolved, findings = validate(project, environment, self._secrets)
            if any(finding.severity == "error" for finding in (*wrong, *findings)):
                raise InvalidProjectError((*wrong, *findings))
        except InvalidProjectError as invalid:
            raise pulumi.RunError(f"the project has errors:\n{invalid}") from invalid
        return resolved, findings

    def _carrier(
        self, name: str, resolved: ResolvedProject, opts: pulumi.ResourceOptions
    ) -> pulumi.ProviderResource | None:
        """The provider of all that is registered, where a Store has a secret that a preview knows, too.

        A Store of which something is an output of the program has its secrets itself, as its DataSets have; so has each
        where the program gives a provider.
        """
        if self.get_provider("datakit:index:Store"):
            return None
        carried = {
            store.name: (
                store.connection.technology,
                self._values.replaced(store.connection.options),
                self._found[store.name],
            )
            for store in resolved.stores.values()
            if store.secrets and "output" not in sources([store.connection.options, store.secrets])
        }
        return StoreSecrets(name, carried, opts) if carried else None

    def _connectors(self, resolved: ResolvedProject) -> None:
        for name, connector in resolved.connectors.items():
            spec = connector.spec
            kinds = {
                store.connection.technology
                for store in resolved.stores.values()
                if (store.connector, store.version) == (connector.name, connector.version)
            }
            with declared_at(self._project.where(connector)):
                Connector(
                    name,
                    technology=spec.type,
                    technologies=sorted(kinds) if kinds != {spec.type} else None,
                    provider=spec.provider,
                    version=connector.version,
                    protocol=spec.protocol or None,
                    capabilities=list(spec.capabilities),
                    opts=self._child,
                )

    def _store(self, store: ResolvedStore) -> Store:
        with declared_at(self._project.where(self._project.stores[store.name])):
            return Store(
                store.name,
                technology=store.connection.technology,
                connection=self._values.replaced(store.connection.options),
                secrets=self._found[store.name],
                create=store.create,
                opts=self._child,
            )

    def _reached(self, store: ResolvedStore) -> pulumi.Output[Any]:
        options = self._values.replaced(store.connection.options)
        return pulumi.Output.all(options=options, secrets=self._found[store.name])

    def _secret(self, reference: str) -> Any:
        if is_deferred(reference):
            return self._values.secret(reference)
        return self._secrets.find(variable(reference))

    def _dataset(self, dataset: ResolvedDataSet, deletion: Any) -> DataSet:
        contract, where = dataset.contract, self._project.where(dataset.manifest)
        with declared_at(where):
            return DataSet(
                contract.name,
                store=self._stores[contract.store.name],
                **arguments(contract),
                previous_names=contract.previous_names,
                deletion=deletion,
                downstream=dataset.downstream,
                manifest=where,
                opts=self._child,
            )

    def _transform(self, resolved: ResolvedTransform) -> Run | None:
        job, trigger = resolved.job, resolved.manifest.spec.trigger
        with declared_at(self._project.where(resolved.manifest)):
            transform = Transform(
                job.transform,
                runtime=job.runtime,
                inputs=[self._datasets[each.name] for each in job.inputs],
                outputs=[self._datasets[each.name] for each in job.outputs],
                settings=job.settings,
                image=job.image,
                command=job.command,
                resources=job.resources.dumped(),
                retries=job.retries or None,
                context=[self._datasets[each.name] for each in job.context],
                references=[self._datasets[each] for each in resolved.references],
                schedule=trigger.schedule.model_dump(mode="json") if trigger.schedule else None,
                timeout=job.timeout,
                env=job.variables,
                plugins={name: each.dumped() for name, each in job.plugins.items()} or None,
                deployment=limits.deployment(self._resolved_project, resolved) if self._is_approved else None,
                history=self._history,
                approved=self._is_approved,
                opts=self._child,
            )
            if not resolved.manifest.spec.on_change:
                return None
            kept = {"quotas": self._quotas, "executor": self._executor, "history": self._history}
            return Run(job.transform, transform=transform, **kept, opts=self._child)


def _deletion(environment: Environment) -> str:
    """What happens to the data of a deleted DataSet; where approvals are required it always stays."""
    return "retain" if environment.spec.approval.needed else environment.spec.deletion


def _is_bindings(given: object) -> bool:
    return isinstance(given, Mapping) and all(isinstance(each, Mapping) for each in given.values())
