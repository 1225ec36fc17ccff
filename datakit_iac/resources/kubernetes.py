"""The objects of a cluster by which Transforms run outside of an update, where the executor is `kubernetes`.

A Transform is a CronJob: with its schedule, or suspended, as a template of Jobs (``kubectl create job --from=…``). What
its pods need of secrets is in one Secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import pulumi

from datakit_iac.environment.model import ResolvedProject, ResolvedTransform
from datakit_iac.environment.secrets.sources import Secrets
from datakit_iac.executors.kubernetes import pod
from datakit_iac.executors.kubernetes.settings import KubernetesSettings
from datakit_iac.executors.workload import Workload
from datakit_iac.manifest.values.deferred import is_deferred
from datakit_iac.manifest.values.secret import IN_TEXT, variable

EXECUTOR: Final = "kubernetes"
_PROGRAM: Final = ("python", "-m", "datakit_iac.cli.in_pod")
_NEVER: Final = "0 0 1 1 *"
"""The schedule of a CronJob that is suspended for good: there must be one."""

_LATE: Final = 3600
"""Seconds after its time that a start which was missed is made up for."""

_KEPT: Final = 3
"""Jobs of each CronJob that are kept after their end, to be looked at."""


class ClusterObjects:
    """The objects of a project in one environment.

    Args:
        resolved: the project.
        folder: of its manifests, from the Pulumi project's.
        secrets: where values of variables are.
        opts: of every object.
    """

    def __init__(self, resolved: ResolvedProject, folder: str, secrets: Secrets, opts: pulumi.ResourceOptions) -> None:
        self._resolved, self._folder, self._secrets = resolved, folder, secrets
        said = resolved.environment.spec.executor.model_extra or {}
        self._settings = KubernetesSettings.model_validate(said)
        self._prefix = f"{pulumi.get_project()}-{resolved.environment.name}"
        self._opts = opts

    def declare(self) -> None:
        """Register them.

        Raises:
            pulumi.RunError: the package of Kubernetes' resources is not installed.
        """
        try:
            import pulumi_kubernetes as kubernetes  # late: most environments have no cluster
        except ImportError as missing:
            raise pulumi.RunError("the executor kubernetes needs datakit-iac[kubernetes]") from missing
        reached = kubernetes.Provider(
            self._name("cluster"),
            context=self._settings.context,
            namespace=self._settings.namespace,
            opts=self._opts,
        )
        opts = pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(provider=reached))
        values = {each: self._secrets.find(each) for each in sorted({*self._variables()})}
        known = {name: value for name, value in values.items() if value is not None}
        secret = kubernetes.core.v1.Secret(
            self._name("secrets"),
            metadata=self._metadata("secrets"),
            string_data=pulumi.Output.secret(known),
            opts=opts,
        )
        after = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[secret]))
        for name, transform in self._resolved.transforms.items():
            if transform.job.image and transform.job.command:
                pulumi.log.warn(f"Transform {name} runs in an image of its own: no CronJob is made that starts it")
            else:
                self._cron_job(kubernetes, transform, known, after)

    def _cron_job(
        self,
        kubernetes: Any,
        transform: ResolvedTransform,
        names: Iterable[str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        schedule, name = transform.manifest.spec.trigger.schedule, transform.job.transform
        workload = Workload(
            [*_PROGRAM, name, "--env", self._resolved.environment.name, "--project", self._folder],
            name=name,
            image=transform.job.image or "",
            resources=transform.job.resources.dumped(),
        )
        template = pod.template(workload, self._settings, companion=self._name("secrets"))
        (container,) = template["spec"]["containers"]
        container["env"] += [
            *(
                {"name": each, "valueFrom": {"secretKeyRef": {"name": self._name("secrets"), "key": each}}}
                for each in names
            ),
            {"name": "DATAKIT_JOB", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['job-name']"}}},
        ]
        job: dict[str, Any] = {"backoffLimit": 0, "template": template}
        kubernetes.batch.v1.CronJob(
            self._name(name),
            metadata=self._metadata(name),
            spec={
                "schedule": schedule.cron if schedule else _NEVER,
                "timeZone": schedule.timezone if schedule else "UTC",
                "suspend": schedule.suspend if schedule else True,
                "concurrencyPolicy": "Forbid",
                "startingDeadlineSeconds": _LATE,
                "successfulJobsHistoryLimit": _KEPT,
                "failedJobsHistoryLimit": _KEPT,
                "jobTemplate": {"metadata": {"labels": pod.labels(name, self._settings)}, "spec": job},
            },
            opts=opts,
        )

    def _metadata(self, name: str) -> dict[str, Any]:
        # What somebody else changed of an object is a difference, which an update takes back.
        ours = {"pulumi.com/patchForce": "true"}
        metadata = {"name": self._name(name), "labels": pod.labels(name, self._settings), "annotations": ours}
        return metadata | ({"namespace": self._settings.namespace} if self._settings.namespace else {})

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
