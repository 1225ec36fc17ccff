"""The cluster of the test run, and a namespace of it for each test."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from tests.servers.kubernetes.cluster import Kubernetes
from tests.servers.sharing import shared


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What a client needs; the kubeconfig is set for this process."""
    facts = shared(Kubernetes)
    monkeypatch.setenv("KUBECONFIG", facts["kubeconfig"])
    return facts


@pytest.fixture
def api(cluster: dict[str, str]) -> Any:
    """A client of the cluster's API, as an administrator."""
    from kubernetes import client, config

    return client.ApiClient(configuration=_configuration(config, client, cluster["kubeconfig"]))


def _configuration(config: Any, client: Any, file: str) -> Any:
    made = client.Configuration()
    config.load_kube_config(file, client_configuration=made)
    return made


@pytest.fixture
def namespace(api: Any) -> Iterator[str]:
    """A namespace whose pods must meet the Pod Security level *restricted*."""
    from kubernetes import client

    name = f"test-{secrets.token_hex(4)}"
    labels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn", "audit")}
    core = client.CoreV1Api(api)
    core.create_namespace({"metadata": {"name": name, "labels": labels}})
    yield name
    core.delete_namespace(name)
