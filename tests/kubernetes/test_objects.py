"""The objects of a cluster that an update makes, and what they start."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.kubernetes.shop import Shop
from tests.kubernetes.waiting import of, pods, until

pytestmark = [pytest.mark.kubernetes, pytest.mark.engine]

_TRIGGER = "trigger: {policy: schedule, schedule: {cron: 'CRON', timezone: Europe/Berlin}}\n"
YEARLY, MINUTELY = (_TRIGGER.replace("CRON", each) for each in ("0 0 1 1 *", "* * * * *"))


def test_schedules_are_cron_jobs_that_are_repaired_and_that_fire(
    cluster: dict[str, str], namespace: str, api: Any, tmp_path: Path
) -> None:
    from kubernetes import client

    batch = client.BatchV1Api(api)
    shop = Shop(tmp_path, cluster, namespace, history="warehouse")
    shop.replace("project/transforms.yaml", "  runtime: cloudquery\n", f"  runtime: cloudquery\n  {YEARLY}")
    shop.build()
    made = shop.up("--skip-preview").ok()
    assert {f"CronJob shop-dev-{each}" for each in ("load", "build")} | {"Secret shop-dev-secrets"} <= {
        *made.operations
    }
    assert shop.up().ok().operations == {}
    load, build = (batch.read_namespaced_cron_job(f"shop-dev-{each}", namespace).spec for each in ("load", "build"))
    assert (load.schedule, load.time_zone, load.suspend) == ("0 0 1 1 *", "Europe/Berlin", False)
    assert (load.concurrency_policy, build.suspend) == ("Forbid", True)
    assert shop.server["password"] not in "".join(each.read_text() for each in (tmp_path / "state").rglob("*.json"))

    batch.patch_namespaced_cron_job("shop-dev-load", namespace, {"spec": {"suspend": True}})
    batch.delete_namespaced_cron_job("shop-dev-build", namespace)
    shop.refresh().ok()
    repaired = shop.up("--skip-preview").ok().operations
    assert (repaired["CronJob shop-dev-load"], repaired["CronJob shop-dev-build"]) == ("update", "create")
    assert batch.read_namespaced_cron_job("shop-dev-load", namespace).spec.suspend is False
    assert shop.up().ok().operations == {}

    shop.replace("project/transforms.yaml", YEARLY, MINUTELY)
    shop.build()
    assert shop.up("--skip-preview").ok().operations["CronJob shop-dev-load"] == "update"
    until(lambda: shop.revenue() == [("ann", 15.0), ("bob", 7.0)], within=240)
    batch.patch_namespaced_cron_job("shop-dev-load", namespace, {"spec": {"suspend": True}})
    until(
        lambda: not [each for name in ("shop-dev-load", "build") for each in of(name, pods(api, namespace, "Running"))]
    )
    shown = shop.dk("runs", "list", "--env", "dev", "--project", "project", "--output", "json")
    told = {(each["transform"], each["trigger"], each["state"]) for each in json.loads(shown.results)["runs"]}
    assert told >= {("load", "schedule", "succeeded"), ("build", "on-change", "succeeded")}

    shop.destroy().ok()
    assert batch.list_namespaced_cron_job(namespace).items == []
    until(lambda: not pods(api, namespace))
