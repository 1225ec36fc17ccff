"""What tests wait for on a cluster."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def pods(api: Any, namespace: str, phase: str = "") -> list[str]:
    """The names of pods, in a phase where one is named."""
    from kubernetes import client

    found = client.CoreV1Api(api).list_namespaced_pod(namespace).items
    return [each.metadata.name for each in found if phase in ("", each.status.phase)]


def started(api: Any, namespace: str) -> set[str]:
    """The names of all pods whose containers were started, those that are gone too: the cluster keeps their events."""
    from kubernetes import client

    events = client.CoreV1Api(api).list_namespaced_event(namespace, field_selector="reason=Started").items
    return {each.involved_object.name for each in events}


def of(transform: str, names: list[str]) -> list[str]:
    return [each for each in names if each.startswith(f"{transform}-")]


def until(holds: Callable[[], object], within: float = 90) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)
