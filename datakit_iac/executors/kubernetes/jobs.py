"""The executor `kubernetes`."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from datakit_iac.contract.faults import check
from datakit_iac.executors.kubernetes import pod
from datakit_iac.executors.kubernetes.cluster import Cluster, Object
from datakit_iac.executors.kubernetes.execution import JobExecution
from datakit_iac.executors.kubernetes.settings import KubernetesSettings
from datakit_iac.executors.protocol import Capabilities, ExecutorError
from datakit_iac.executors.workload import Workload
from datakit_iac.findings.fault import Fault
from datakit_iac.manifest.values.secret import revealed

KEPT: Final = 24 * 3600
"""Seconds that a Job which nobody waits for is kept after its end: the next who starts it finds its outcome."""

_MARGIN: Final = 60
"""Seconds after its time-out that the cluster ends a Job, where nobody has."""
_LARGEST: Final = 1 << 20
"""Bytes that a ConfigMap may have."""
_PATIENCE: Final = 30.0
_PAUSE: Final = 0.2


class KubernetesJobs:
    """Runs each workload as a Job of a cluster; one with the same key is attached to.

    Args:
        settings: where; None for what `configured` makes.
    """

    name = "kubernetes"
    capabilities = Capabilities(
        runs_images=True, resources=pod.RESOURCES, outlives_caller=True, schedules=True, streams=True
    )

    def __init__(self, settings: KubernetesSettings | None = None) -> None:
        self._settings = settings
        self._cluster = Cluster(settings.context, settings.namespace) if settings else Cluster()

    def check(self, settings: Mapping[str, Any]) -> list[Fault]:
        """The faults of the settings; no cluster is reached."""
        return check(KubernetesSettings, settings)[0]

    def configured(self, settings: Mapping[str, Any]) -> KubernetesJobs:
        """The executor with these settings."""
        return KubernetesJobs(KubernetesSettings.model_validate(settings))

    def start(self, workload: Workload) -> JobExecution:
        """Start a workload, or attach to the Job that runs it or has succeeded with it.

        Raises:
            ExecutorError: the cluster refused it, or cannot be reached.
        """
        if self._settings is None:
            raise ExecutorError("the executor kubernetes needs settings: {type: kubernetes, image: …}")
        workload = replace(workload, image=workload.image or self._settings.image)
        name = pod.object_name(workload.key)
        job = self._existing(name) or self._created(name, workload, self._settings)
        if job["spec"].get("suspend"):
            self._complete(job, workload, self._settings)
            job = self._cluster.resume_job(name)
        return JobExecution(self._cluster, job, workload)

    def _existing(self, name: str) -> Object | None:
        """The Job of that name that runs or has succeeded; a failed one is removed, so that it is tried again."""
        deadline = time.monotonic() + _PATIENCE
        while job := self._cluster.get_job(name):
            if "deletionTimestamp" not in job["metadata"]:
                conditions = job.get("status", {}).get("conditions", ())
                if not any(each["type"] == "Failed" and each["status"] == "True" for each in conditions):
                    return job
                self._cluster.delete_job(name, job["metadata"]["uid"])
            if time.monotonic() > deadline:
                raise ExecutorError(f"the Job {name} is being deleted, and is not gone after {_PATIENCE:g} s")
            time.sleep(_PAUSE)
        return None

    def _created(self, name: str, workload: Workload, settings: KubernetesSettings) -> Object:
        """A new Job, suspended: its files and secrets belong to it, so it must be there before them."""
        spec = {
            "suspend": True,
            "backoffLimit": 0,
            "ttlSecondsAfterFinished": KEPT,
            "template": pod.template(workload, settings, companion=name),
        }
        if workload.timeout is not None:
            spec["activeDeadlineSeconds"] = math.ceil(workload.timeout) + _MARGIN
        body = {"apiVersion": "batch/v1", "kind": "Job", "metadata": self._metadata(name, workload), "spec": spec}
        made = self._cluster.create_job(body) or self._cluster.get_job(name)
        if made is None:
            raise ExecutorError(f"the Job {name} was deleted by another")
        return made

    def _complete(self, job: Object, workload: Workload, settings: KubernetesSettings) -> None:
        """Make what the pods of a Job need; all of it goes with the Job."""
        name, uid = job["metadata"]["name"], job["metadata"]["uid"]
        owner = {"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": uid, "controller": True}
        metadata = {**self._metadata(name, workload), "ownerReferences": [owner]}
        if workload.secret_env:
            hidden = {key: revealed(value) for key, value in workload.secret_env.items()}
            self._cluster.create_secret(
                {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "immutable": True, "stringData": hidden}
            )
        if files := pod.files(workload):
            size = sum(len(text.encode()) for text in files.values())
            if size > _LARGEST:
                self._cluster.delete_job(name, uid)
                raise ExecutorError(
                    f"the files of {workload.name} have {size >> 10:,} KiB, and Kubernetes takes {_LARGEST >> 10:,} KiB"
                )
            self._cluster.create_config_map(
                {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "immutable": True, "data": files}
            )

    def _metadata(self, name: str, workload: Workload) -> Object:
        assert self._settings is not None, "looked at by `start`"
        return {"name": name, "labels": pod.labels(workload.name, self._settings)}
