"""What goes on in a cluster without anybody: the scheduler, streaming Transforms, commands in images of their own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.kubernetes.shop import Shop
from tests.kubernetes.waiting import pods, until

pytestmark = [pytest.mark.kubernetes, pytest.mark.engine]

FURTHER = Path(__file__).with_name("further")


def test_a_cluster_goes_on_by_itself(cluster: dict[str, str], namespace: str, api: Any, tmp_path: Path) -> None:
    from kubernetes import client

    shop = Shop(tmp_path, cluster, namespace, history="warehouse")
    shutil.copytree(FURTHER, shop.project, dirs_exist_ok=True)
    shop.env["OWN_IMAGE"] = cluster["image"]
    shop.build()
    made = shop.up("--skip-preview").ok()
    objects = {"Deployment shop-dev", "Deployment shop-dev-tick", "Secret shop-dev-tick", "CronJob shop-dev-note"}
    rights = {f"{kind} shop-dev" for kind in ("ServiceAccount", "Role", "RoleBinding")}
    assert objects | rights | {"Run choose", "Run measure"} <= {*made.operations}
    assert {"Run tick", "Run note", "CronJob shop-dev-tick"}.isdisjoint(made.operations)
    assert shop.ask("SELECT name FROM marts.best") == [("ann",)]
    assert shop.ask("SELECT name, length FROM marts.lengths ORDER BY 1") == [("ann", 3), ("bob", 3)]
    assert shop.up().ok().operations == {}
    state = "".join(each.read_text() for each in (tmp_path / "state").rglob("*.json"))
    assert shop.server["password"] not in state

    apps = client.AppsV1Api(api)
    until(lambda: _ready(apps, namespace) == {"shop-dev": 1, "shop-dev-tick": 2}, within=180)
    told = f'tick {len(shop.server["password"])} {{"store"'
    until(lambda: shop.ask("SELECT text FROM raw.ticks") == [(told,), (told,)])
    _demand_few_rights(client.AuthorizationV1Api(api), namespace)

    # The scheduler sees that the shop has another order, and starts all that follows, as Jobs.
    shop.say(("INSERT INTO shop.orders VALUES (5,'bob',99)",))
    until(lambda: shop.ask("SELECT name FROM marts.best") == [("bob",)], within=240)
    until(lambda: _runs(shop, "choose")[0][1:] == ("on-change", "succeeded"))

    batch = client.BatchV1Api(api)
    template = batch.read_namespaced_cron_job("shop-dev-note", namespace).spec.job_template
    batch.create_namespaced_job(namespace, {"metadata": {"name": "note-by-hand"}, "spec": template.spec.to_dict()})
    until(lambda: batch.read_namespaced_job("note-by-hand", namespace).status.succeeded, within=120)
    (noted,) = _runs(shop, "note")
    assert (noted[1:], shop.ask("SELECT text FROM raw.notes")) == (("manual", "succeeded"), [(noted[0],)])

    shop.destroy().ok()
    until(lambda: not pods(api, namespace, "Running"))


def _ready(apps: Any, namespace: str) -> dict[str, int]:
    """How many pods of each Deployment are ready."""
    found = apps.list_namespaced_deployment(namespace).items
    return {each.metadata.name: each.status.ready_replicas for each in found}


def _runs(shop: Shop, transform: str) -> list[tuple[str, str, str]]:
    """Identifier, trigger and state of the Runs of a Transform, the last first."""
    shown = shop.dk("runs", "list", transform, "--env", "dev", "--project", "project", "--output", "json")
    return [(each["id"], each["trigger"], each["state"]) for each in json.loads(shown.results)["runs"]]


def _demand_few_rights(api: Any, namespace: str) -> None:
    """The scheduler may start and follow Jobs, and read no secret."""
    expected = {
        ("create", "batch", "jobs"): True,
        ("create", "", "secrets"): True,
        ("get", "", "secrets"): False,
        ("list", "", "secrets"): False,
        ("create", "", "pods"): False,
        ("update", "apps", "deployments"): False,
    }
    user = f"system:serviceaccount:{namespace}:shop-dev"
    for (verb, group, resource), allowed in expected.items():
        asked = {"namespace": namespace, "verb": verb, "group": group, "resource": resource}
        review = api.create_subject_access_review({"spec": {"user": user, "resourceAttributes": asked}})
        assert review.status.allowed is allowed, (verb, resource)
