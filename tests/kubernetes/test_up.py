"""Runs of an update in pods, by the real engine."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.kubernetes.shop import Shop
from tests.kubernetes.waiting import of, pods, started, until
from tests.scenarios.test_interruptions import provider_of

pytestmark = [pytest.mark.kubernetes, pytest.mark.engine]


def test_jobs_run_in_pods_and_outlive_an_update_that_is_killed(
    cluster: dict[str, str], namespace: str, api: Any, tmp_path: Path
) -> None:
    """CloudQuery and dbt; Ctrl-C removes the Job, the end of the provider leaves it, the next update takes it over."""
    shop = Shop(tmp_path, cluster, namespace)
    shop.build()
    shop.up("--skip-preview").ok()
    assert shop.revenue() == [("ann", 15.0), ("bob", 7.0)]
    assert shop.up().ok().operations == {}
    assert pods(api, namespace) == []

    shop.say(("INSERT INTO shop.orders VALUES (5,'bob',1),(6,'pause',15)",))
    with shop.started("up", "--yes", "--skip-preview") as update:
        until(lambda: of("build", pods(api, namespace, "Running")))
        os.kill(update.pid, signal.SIGINT)
        said, _ = update.communicate(timeout=60)
    assert "cancelled" in said
    assert of("build", pods(api, namespace, "Running")) == []

    with shop.started("up", "--yes", "--skip-preview") as update:
        until(lambda: of("build", pods(api, namespace, "Running")))
        (pod,) = of("build", pods(api, namespace))
        os.kill(provider_of(shop), signal.SIGKILL)
        update.communicate(timeout=60)
    until(lambda: pods(api, namespace, "Succeeded") == [pod])
    assert shop.revenue() == [("ann", 15.0), ("bob", 8.0)]
    before = started(api, namespace)
    assert pod in before
    shop.up("--skip-preview").ok()
    assert started(api, namespace) == before  # nothing was built again
    assert shop.up().ok().operations == {}
    assert pods(api, namespace) == []
