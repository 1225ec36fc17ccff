"""A cluster's API, as far as workloads need it: objects as plain data, errors as one sentence."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from datakit_iac.executors.protocol import ExecutorError

_TIMEOUT: Final = (5, 30)
"""Seconds to connect, and between two parts of an answer."""
_SILENCE: Final = 300
"""Seconds after which a log in which nothing comes is asked for again: the connection may be gone."""
_SKEW: Final = 30
"""Seconds that the clocks of a node and of this machine may differ."""
_IN_CLUSTER: Final = "KUBERNETES_SERVICE_HOST"
_NAMESPACE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")

Object = dict[str, Any]


class ClusterError(ExecutorError):
    """The API server refused something, or cannot be reached.

    Attributes:
        status: of HTTP; 0 where there was no answer.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        self.status = status
        super().__init__(message)


class Cluster:
    """One namespace of a cluster, reached by the kubeconfig, or from inside of a pod by its service account.

    Args:
        context: of the kubeconfig; the current one where it is None.
        namespace: that of the context where it is None.
    """

    def __init__(self, context: str | None = None, namespace: str | None = None) -> None:
        self._context, self._namespace = context, namespace

    def get_job(self, name: str) -> Object | None:
        """A Job; None where there is none."""
        return self._found(lambda: self._batch.read_namespaced_job(name, self.namespace, **self._raw))

    def create_job(self, body: Object) -> Object | None:
        """A new Job; None where there is one of that name."""
        return self._made(lambda: self._batch.create_namespaced_job(self.namespace, body, **self._raw))

    def resume_job(self, name: str) -> Object:
        """A Job that is not suspended any more."""
        change = {"spec": {"suspend": False}}
        return self._called(lambda: self._batch.patch_namespaced_job(name, self.namespace, change, **self._raw))

    def delete_job(self, name: str, uid: str) -> None:
        """Delete a Job and all that belongs to it; nothing where it is gone."""
        body = {"propagationPolicy": "Background", "preconditions": {"uid": uid}}
        self._found(lambda: self._batch.delete_namespaced_job(name, self.namespace, body=body, **self._raw))

    def create_secret(self, body: Object) -> None:
        """A new Secret; nothing where there is one of that name."""
        self._made(lambda: self._core.create_namespaced_secret(self.namespace, body, **self._raw))

    def create_config_map(self, body: Object) -> None:
        """A new ConfigMap; nothing where there is one of that name."""
        self._made(lambda: self._core.create_namespaced_config_map(self.namespace, body, **self._raw))

    def pods_of(self, uid: str) -> list[Object]:
        """The pods of a Job."""
        chosen = f"controller-uid={uid}"
        found = self._called(lambda: self._core.list_namespaced_pod(self.namespace, label_selector=chosen, **self._raw))
        return list(found["items"])

    def delete_pod(self, name: str, seconds: int) -> None:
        """Delete a pod; nothing where it is gone."""
        body = {"gracePeriodSeconds": seconds}
        self._found(lambda: self._core.delete_namespaced_pod(name, self.namespace, body=body, **self._raw))

    def events_of(self, uid: str) -> list[Object]:
        """What happened to an object; nothing where that may not be read."""
        chosen = f"involvedObject.uid={uid}"
        try:
            found = self._called(
                lambda: self._core.list_namespaced_event(self.namespace, field_selector=chosen, **self._raw)
            )
        except ClusterError as fault:
            if fault.status == 403:
                return []
            raise
        return list(found["items"])

    def log(self, pod: str, container: str, since: str) -> Any:
        """The log of a container as it grows, each line after its time; a stream to read and to close.

        Args:
            pod: the pod's name.
            container: the container's.
            since: the time of a line that was read, before which nothing is wanted; lines that come before it may still
                be given out. All are where it is empty.
        """
        seconds = None
        if since:
            passed = datetime.now(UTC) - datetime.fromisoformat(f"{since[:19]}+00:00")
            seconds = max(int(passed.total_seconds()), 0) + _SKEW
        with _errors():
            return self._core.read_namespaced_pod_log(
                pod, self.namespace, container=container, follow=True, timestamps=True, since_seconds=seconds,
                _preload_content=False, _request_timeout=(_TIMEOUT[0], _SILENCE),
            )  # fmt: skip

    @cached_property
    def namespace(self) -> str:
        """The namespace."""
        if self._namespace:
            return self._namespace
        if self._is_inside:
            return _NAMESPACE.read_text(encoding="utf-8").strip()
        with _errors():
            from kubernetes import config

            contexts, active = config.list_kube_config_contexts()
        named = [each for each in contexts if each["name"] == self._context]
        found = (named or [active])[0]["context"].get("namespace")
        return str(found or "default")

    @property
    def _is_inside(self) -> bool:
        return _IN_CLUSTER in os.environ and not self._context and "KUBECONFIG" not in os.environ

    @cached_property
    def _client(self) -> Any:
        with _errors():
            from kubernetes import client, config

            if self._is_inside:
                config.load_incluster_config()
                return client.ApiClient()
            return config.new_client_from_config(context=self._context)

    @cached_property
    def _batch(self) -> Any:
        from kubernetes import client

        return client.BatchV1Api(self._client)

    @cached_property
    def _core(self) -> Any:
        from kubernetes import client

        return client.CoreV1Api(self._client)

    @property
    def _raw(self) -> dict[str, Any]:
        return {"_preload_content": False, "_request_timeout": _TIMEOUT}

    def _called(self, call: Callable[[], Any]) -> Object:
        with _errors():
            answer: Object = json.loads(call().data)
            return answer

    def _found(self, call: Callable[[], Any]) -> Object | None:
        return self._unless(404, call)

    def _made(self, call: Callable[[], Any]) -> Object | None:
        return self._unless(409, call)

    def _unless(self, status: int, call: Callable[[], Any]) -> Object | None:
        try:
            return self._called(call)
        except ClusterError as fault:
            if fault.status == status:
                return None
            raise


@contextmanager
def _errors() -> Iterator[None]:
    """Errors of the client in words."""
    try:
        from kubernetes.client.exceptions import ApiException  # late: it takes a second
        from kubernetes.config import ConfigException
        from urllib3.exceptions import HTTPError, MaxRetryError
    except ImportError as missing:
        raise ClusterError("the executor kubernetes needs its packages: install datakit-iac[kubernetes]") from missing
    try:
        yield
    except ApiException as refused:
        raise ClusterError(f"the cluster refused: {_message(refused)}", refused.status or 0) from None
    except ConfigException as fault:
        raise ClusterError(f"there is no cluster to run jobs on: {fault}") from None
    except MaxRetryError as fault:
        raise ClusterError(f"the cluster cannot be reached: {fault.reason}") from None
    except HTTPError as fault:
        raise ClusterError(f"the connection to the cluster broke: {fault}") from None


def _message(refused: Any) -> str:
    try:
        return str(json.loads(refused.body)["message"])
    except (TypeError, ValueError, KeyError):
        return f"{refused.status} {refused.reason}"
