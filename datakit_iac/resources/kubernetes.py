"""The objects of a cluster by which Transforms run outside of an update, where the executor is `kubernetes`.

A Transform is a CronJob: with its schedule, or suspended, as a template of Jobs (``kubectl create job --from=…``). One
Deployment runs the scheduler, which starts what is on-change. A streaming Transform is a Deployment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import pulumi

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.environment.model import ResolvedProject, ResolvedStore, ResolvedTransform
from datakit_iac.environment.secrets.sources import Secrets
from datakit_iac.executors.kubernetes import objects, pod
from datakit_iac.executors.kubernetes.cluster import Cluster, ClusterError
from datakit_iac.executors.kubernetes.settings import KubernetesSettings
from datakit_iac.executors.workload import Workload
from datakit_iac.manifest.models.section import runs_command
from datakit_iac.manifest.values.deferred import is_deferred
from datakit_iac.manifest.values.secret import IN_TEXT, Secret, revealed, variable
from datakit_iac.runtimes import store_variables
from datakit_iac.runtimes.execution import rendered
from datakit_iac.runtimes.registry import runtime

EXECUTOR: Final = "kubernetes"
_PROGRAM: Final = ("python", "-m", "datakit_iac.cli.in_pod")
_SCHEDULER: Final = "scheduler"
_SMALL: Final = {"requests": {"cpu": "50m", "memory": "256Mi"}}

Reached = Callable[[ResolvedStore], pulumi.Input[Mapping[str, Any]]]
"""Gives the `options` and `secrets` of a Store's connection, as the engine knows them."""


class ClusterObjects:
    """The objects of a project in one environment.

    Args:
        resolved: the project.
        folder: of its manifests, from the Pulumi project's.
        secrets: where values of variables are.
        reached: how a Store is reached.
        opts: of every object.
    """

    def __init__(
        self,
        resolved: ResolvedProject,
        folder: str,
        secrets: Secrets,
        reached: Reached,
        opts: pulumi.ResourceOptions,
    ) -> None:
        self._resolved, self._folder, self._secrets, self._reached = resolved, folder, secrets, reached
        said = resolved.environment.spec.executor.model_extra or {}
        self._settings = KubernetesSettings.model_validate(said)
        self._prefix = f"{pulumi.get_project()}-{resolved.environment.name}"
        self._opts = opts

    def declare(self, runs: list[pulumi.Resource]) -> None:
        """Register them.

        Args:
            runs: those of the update, which the scheduler leaves to it.

        Raises:
            pulumi.RunError: the package of Kubernetes' resources is not installed.
        """
        transforms = self._resolved.transforms.values()
        streaming = [each for each in transforms if each.manifest.spec.is_streaming]
        batch = [each for each in transforms if not each.manifest.spec.is_streaming]
        has_runs = bool(batch and self._resolved.environment.spec.history)
        if not (streaming or has_runs):
            return
        try:
            import pulumi_kubernetes as kubernetes  # late: most environments have no cluster
        except ImportError as missing:
            raise pulumi.RunError("the executor kubernetes needs datakit-iac[kubernetes]") from missing
        self._kubernetes: Any = kubernetes
        reached = kubernetes.Provider(
            self._name("cluster"),
            context=self._settings.context,
            namespace=self._settings.namespace,
            opts=self._opts,
        )
        self._opts = pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(provider=reached))
        for transform in streaming:
            self._stream(transform)
        if has_runs:
            self._runs(batch, runs)

    def _runs(self, transforms: list[ResolvedTransform], before: list[pulumi.Resource]) -> None:
        """What starts Runs: a CronJob for each Transform, and the scheduler for those that run on a change."""
        values = {each: self._secrets.find(each) for each in sorted({*self._variables()})}
        self._known = {name: value for name, value in values.items() if value is not None}
        needed = [self._secret("secrets", self._known)]
        is_scheduled = any(each.manifest.spec.on_change for each in transforms)
        starts_jobs = is_scheduled or any(map(_has_own_image, transforms))
        account, granted = self._account() if starts_jobs else ("", [])
        opts = pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=[*needed, *granted]))
        for transform in transforms:
            self._cron_job(transform, account if _has_own_image(transform) else "", opts)
        if is_scheduled:
            after = pulumi.ResourceOptions(depends_on=before)
            self._scheduler(account, pulumi.ResourceOptions.merge(opts, after))

    def _account(self) -> tuple[str, list[pulumi.Resource]]:
        """The ServiceAccount as which pods start Jobs, with the rights to do that; what it depends on."""
        name, core, rbac = self._prefixed(), self._kubernetes.core.v1, self._kubernetes.rbac.v1
        made: list[pulumi.Resource] = []
        account = self._settings.service_account or name
        if not self._settings.service_account:
            token = {"automount_service_account_token": False}
            made.append(core.ServiceAccount(name, metadata=self._metadata(), **token, opts=self._opts))
        role = rbac.Role(name, metadata=self._metadata(), rules=[*objects.RIGHTS], opts=self._opts)
        subject = {"kind": "ServiceAccount", "name": account, "namespace": self._namespace()}
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
        binding = rbac.RoleBinding(
            name, metadata=self._metadata(), subjects=[subject], role_ref=reference, opts=self._opts
        )
        return account, [*made, role, binding]

    def _namespace(self) -> str:
        """The namespace of the objects: what the settings leave out, the kubeconfig says.

        Raises:
            pulumi.RunError: there is no kubeconfig, or no such context in it.
        """
        try:
            return self._settings.namespace or Cluster(self._settings.context).namespace
        except ClusterError as fault:
            raise pulumi.RunError(str(fault)) from fault

    def _cron_job(self, transform: ResolvedTransform, account: str, opts: pulumi.ResourceOptions) -> None:
        """The CronJob of a Transform; that of one with an image of its own starts a Job of it, as an account."""
        name = transform.job.transform
        workload = Workload(
            [*_PROGRAM, name, *self._where()],
            name=name,
            image="" if account else transform.job.image or "",
            resources=_SMALL if account else transform.job.resources.dumped(),
        )
        template = self._template(workload, account)
        due = {"name": "DATAKIT_JOB", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['job-name']"}}}
        template["spec"]["containers"][0]["env"].append(due)
        self._kubernetes.batch.v1.CronJob(
            self._name(name),
            metadata=self._metadata(name),
            spec=objects.cron_job(template, transform.manifest.spec.trigger.schedule),
            opts=opts,
        )

    def _scheduler(self, account: str, opts: pulumi.ResourceOptions) -> None:
        """The Deployment of the scheduler; schedules are left to the CronJobs."""
        workload = Workload([*_PROGRAM, *self._where()], name=_SCHEDULER, resources=_SMALL)
        template, instance = self._template(workload, account), self._prefixed()
        spec = pulumi.Output.all(**self._known).apply(
            lambda known: objects.deployment(template, instance, known, alone=True)
        )
        self._deployment(instance, self._metadata(), spec, opts)

    def _stream(self, transform: ResolvedTransform) -> None:
        """The Deployment of a streaming Transform: its own image, with the variables that a Run of it would have."""
        name, job, spec = transform.job.transform, transform.job, transform.manifest.spec
        instance, stores = self._name(name), {each.store for each in (*job.inputs, *job.outputs)}

        def workload(connections: Mapping[str, Any]) -> Workload:
            def bound(dataset: BoundDataSet) -> BoundDataSet:
                said, kind = connections[dataset.store], dataset.connection.technology
                secrets = {key: Secret(value) for key, value in said["secrets"].items()}
                return replace(dataset, connection=Connection(kind, said["options"], secrets))

            reaching = replace(job, inputs=tuple(map(bound, job.inputs)), outputs=tuple(map(bound, job.outputs)))
            return store_variables.given(rendered(runtime(job.runtime), reaching), reaching)

        def deployed(made: Workload) -> dict[str, Any]:
            template = pod.template(made, self._settings, companion=instance)
            return objects.deployment(template, instance, _hidden(made), replicas=spec.replicas)

        reached = {each: self._reached(self._resolved.stores[each]) for each in stores}
        made = pulumi.Output.all(**reached).apply(workload)
        opts = self._opts
        if any(self._resolved.stores[each].secrets for each in stores) or any(
            isinstance(each, Secret) for each in job.variables.values()
        ):
            needed = pulumi.ResourceOptions(depends_on=[self._secret(name, made.apply(_hidden))])
            opts = pulumi.ResourceOptions.merge(opts, needed)
        self._deployment(instance, self._metadata(name), made.apply(deployed), opts)

    def _deployment(
        self, name: str, metadata: dict[str, Any], spec: pulumi.Output[Any], opts: pulumi.ResourceOptions
    ) -> None:
        """A Deployment; its specification names secrets, and has none."""
        self._kubernetes.apps.v1.Deployment(name, metadata=metadata, spec=pulumi.Output.unsecret(spec), opts=opts)

    def _secret(self, name: str, content: pulumi.Input[Mapping[str, Any]]) -> pulumi.Resource:
        made: pulumi.Resource = self._kubernetes.core.v1.Secret(
            self._name(name),
            metadata=self._metadata(name),
            string_data=pulumi.Output.secret(content),
            opts=self._opts,
        )
        return made

    def _template(self, workload: Workload, account: str = "") -> dict[str, Any]:
        """The template of a pod that reads the project from its image."""
        template = pod.template(workload, self._settings, companion=self._name("secrets"), account=account)
        template["spec"]["containers"][0]["env"] += objects.from_secret(self._name("secrets"), self._known)
        return template

    def _where(self) -> tuple[str, ...]:
        return ("--env", self._resolved.environment.name, "--project", self._folder)

    def _metadata(self, name: str = "") -> dict[str, Any]:
        # What somebody else changed of an object is a difference, which an update takes back.
        ours = {"pulumi.com/patchForce": "true"}
        labels = pod.labels(name or _SCHEDULER, self._settings)
        metadata = {"name": self._name(name) if name else self._prefixed(), "labels": labels, "annotations": ours}
        return metadata | ({"namespace": self._settings.namespace} if self._settings.namespace else {})

    def _prefixed(self) -> str:
        """The name of what belongs to no Transform, which no Transform's can be."""
        return pod.object_name(self._prefix, longest=52)

    def _name(self, name: str) -> str:
        """A name as a CronJob may have it, which adds eleven characters to those of its Jobs."""
        return pod.object_name(f"{self._prefix}-{name}", longest=52)

    def _variables(self) -> Iterator[str]:
        """The variables that a pod reads the project with."""
        for store in self._resolved.stores.values():
            for reference in store.secrets.values():
                if not is_deferred(reference):
                    yield variable(reference)
        for transform in self._resolved.transforms.values():
            said = [each.value or "" for each in transform.manifest.spec.env] + [transform.manifest.spec.image or ""]
            yield from (name for text in said for name in IN_TEXT.findall(text))
        for notification in self._resolved.environment.spec.notify:
            yield from IN_TEXT.findall(notification.model_dump_json())


def _has_own_image(transform: ResolvedTransform) -> bool:
    """Whether it runs in an image of its own, which needs nothing of datakit."""
    return bool(transform.job.image) and runs_command(transform.job.runtime)


def _hidden(workload: Workload) -> dict[str, str]:
    return {name: revealed(value) for name, value in workload.secret_env.items()}
