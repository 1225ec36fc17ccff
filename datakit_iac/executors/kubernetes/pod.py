"""The pod of a workload, as Kubernetes has it. Nothing here reaches a cluster.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
"""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath
from typing import Any, Final

from datakit_iac.executors.kubernetes.settings import KubernetesSettings
from datakit_iac.executors.variables import FIXED
from datakit_iac.executors.workload import FOLDER_VARIABLE, Workload

CONTAINER: Final = "job"
FOLDER: Final = PurePosixPath("/datakit/run")
"""The folder of a workload in its container."""

LAST_LINE: Final = "/dev/termination-log"
"""What a container writes to this file, at most 4,096 bytes, is given out as its last line: of its log, runtimes of
containers may lose the end."""

GRACE: Final = 2
"""Seconds that a pod has to end when it is asked to."""

_USER: Final = 10001
_KEY: Final = "file-{}"
_UNFIT: Final = re.compile(r"[^a-z0-9-]+")
_NAMES: Final = {"ephemeralStorage": "ephemeral-storage"}
RESOURCES: Final = frozenset(
    f"{part}.{name}" for part in ("requests", "limits") for name in ("cpu", "memory", "ephemeralStorage")
)
_MANAGER: Final = "datakit"


def object_name(name: str, longest: int = 63) -> str:
    """A name as all kinds of objects may have it; a digest takes the place of what is too long.

    >>> object_name("load_users-0123456789abcdef"), object_name("load-users-of-the-shop", longest=20)
    ('load-users-0123456789abcdef', 'load-users-3747a245')
    """
    fit = _UNFIT.sub("-", name.lower()).strip("-")
    if len(fit) <= longest:
        return fit
    digest = hashlib.blake2b(name.encode(), digest_size=4).hexdigest()
    return f"{fit[: longest - len(digest) - 1].strip('-')}-{digest}"


def labels(name: str, settings: KubernetesSettings) -> dict[str, str]:
    """The labels of every object of a Transform."""
    ours = {"app.kubernetes.io/managed-by": _MANAGER, "app.kubernetes.io/name": object_name(name)}
    return {**settings.labels, **ours}


def files(workload: Workload) -> dict[str, str]:
    """The files of a workload by key of a ConfigMap, which knows no folders."""
    return {_KEY.format(number): text for number, text in enumerate(workload.files.values())}


def template(workload: Workload, settings: KubernetesSettings, companion: str, *, account: str = "") -> dict[str, Any]:
    """The template of the pod that runs a workload once.

    Args:
        workload: what runs.
        settings: of the Environment.
        companion: the name of the Secret with its secrets and of the ConfigMap with its files.
        account: the ServiceAccount whose token it is given, to act on the cluster; empty where it needs none.
    """
    volumes: list[dict[str, Any]] = [{"name": "tmp", "emptyDir": {}}, {"name": "folder", "emptyDir": {}}]
    mounts = [{"name": "tmp", "mountPath": "/tmp"}, {"name": "folder", "mountPath": str(FOLDER)}]
    if workload.files:
        volumes.append({"name": "files", "configMap": {"name": companion, "defaultMode": 0o440}})
    for key, path in zip(files(workload), workload.files, strict=True):
        mounts.append({"name": "files", "mountPath": str(FOLDER / path), "subPath": key})
    plain = {"HOME": "/tmp", **FIXED, **workload.env, FOLDER_VARIABLE: str(FOLDER)}
    container: dict[str, Any] = {
        "name": CONTAINER,
        "image": workload.image or settings.image,
        "env": [
            *({"name": name, "value": _literal(value)} for name, value in sorted(plain.items())),
            *(
                {"name": name, "valueFrom": {"secretKeyRef": {"name": companion, "key": name}}}
                for name in sorted(workload.secret_env)
            ),
        ],
        "volumeMounts": mounts,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "terminationMessagePath": LAST_LINE,
    }
    if workload.argv:
        container["command"] = [*map(_literal, workload.expanded(FOLDER))]
    if workload.resources:
        container["resources"] = {
            part: {_NAMES.get(name, name): amount for name, amount in amounts.items()}
            for part, amounts in workload.resources.items()
        }
    spec: dict[str, Any] = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": GRACE,
        "automountServiceAccountToken": bool(account),
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": volumes,
    }
    if name := account or settings.service_account:
        spec["serviceAccountName"] = name
    if settings.image_pull_secrets:
        spec["imagePullSecrets"] = [{"name": each} for each in settings.image_pull_secrets]
    if settings.node_selector:
        spec["nodeSelector"] = dict(settings.node_selector)
    if settings.tolerations:
        spec["tolerations"] = [each.model_dump(by_alias=True, exclude_none=True) for each in settings.tolerations]
    return {"metadata": {"labels": labels(workload.name, settings)}, "spec": spec}


def _literal(text: str) -> str:
    """A text in which Kubernetes replaces nothing."""
    return text.replace("$", "$$")
