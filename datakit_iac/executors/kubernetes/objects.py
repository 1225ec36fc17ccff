"""What an update deploys of a project, as Kubernetes has it. Nothing here reaches a cluster."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from datakit_iac.manifest.models.transform import Schedule

RIGHTS: Final = (
    {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create", "get", "patch", "delete"]},
    {"apiGroups": [""], "resources": ["secrets", "configmaps"], "verbs": ["create"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "delete"]},
    {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
    {"apiGroups": [""], "resources": ["events"], "verbs": ["list"]},
)
"""The rules of a Role by which Jobs are started and followed: what `cluster.Cluster` asks for, and nothing else."""

INSTANCE: Final = "app.kubernetes.io/instance"
SECRETS: Final = "datakit.infoblox.dev/secrets"
"""The annotation that changes with secrets, so that pods which were given the former ones are replaced."""

_NEVER: Final = "0 0 1 1 *"
"""The schedule of a CronJob that is suspended for good: there must be one."""

_LATE: Final = 3600
"""Seconds after its time that a start which was missed is made up for."""

_KEPT: Final = 3
"""Jobs of each CronJob that are kept after their end, to be looked at."""

_GRACE: Final = 30
"""Seconds that the pod of a Deployment has to end when it is asked to."""


def cron_job(template: Mapping[str, Any], schedule: Schedule | None) -> dict[str, Any]:
    """The `spec` of a CronJob: without a schedule it is a template of Jobs, which it never starts."""
    return {
        "schedule": schedule.cron if schedule else _NEVER,
        "timeZone": schedule.timezone if schedule else "UTC",
        "suspend": schedule.suspend if schedule else True,
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": _LATE,
        "successfulJobsHistoryLimit": _KEPT,
        "failedJobsHistoryLimit": _KEPT,
        "jobTemplate": {
            "metadata": {"labels": template["metadata"]["labels"]},
            "spec": {"backoffLimit": 0, "template": template},
        },
    }


def deployment(
    template: Mapping[str, Any], instance: str, secrets: Mapping[str, str], *, replicas: int = 1, alone: bool = False
) -> dict[str, Any]:
    """The `spec` of a Deployment.

    Args:
        template: of its pods, as `pod.template` makes it.
        instance: the name of the Deployment.
        secrets: what its pods are given of secrets, by name.
        replicas: how many pods it has.
        alone: whether no pod may begin before all of the former definition have ended.
    """
    metadata: dict[str, Any] = {"labels": {**template["metadata"]["labels"], INSTANCE: instance}}
    if secrets:
        metadata["annotations"] = {SECRETS: stamp(instance, secrets)}
    spec = {**template["spec"], "restartPolicy": "Always", "terminationGracePeriodSeconds": _GRACE}
    return {
        "replicas": replicas,
        "selector": {"matchLabels": {INSTANCE: instance}},
        "strategy": {"type": "Recreate" if alone else "RollingUpdate"},
        "template": {"metadata": metadata, "spec": spec},
    }


def from_secret(name: str, keys: Iterable[str]) -> list[dict[str, Any]]:
    """Variables of a container that are keys of a Secret."""
    return [{"name": key, "valueFrom": {"secretKeyRef": {"name": name, "key": key}}} for key in keys]


def stamp(instance: str, secrets: Mapping[str, str]) -> str:
    """A digest that changes with secrets, and that is too expensive to find them by."""
    content = json.dumps(secrets, sort_keys=True).encode()
    return hashlib.scrypt(content, salt=instance.encode(), n=1 << 14, r=8, p=1, dklen=8).hex()
