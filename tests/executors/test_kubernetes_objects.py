"""What an update deploys in a cluster, as data."""

from __future__ import annotations

from typing import Any

from datakit_iac.executors.kubernetes import objects, pod
from datakit_iac.executors.kubernetes.settings import KubernetesSettings
from datakit_iac.executors.workload import Workload

_SETTINGS = KubernetesSettings(image="shop:1", service_account="loader")


def _deployed(secrets: dict[str, str], account: str = "") -> dict[str, Any]:
    template = pod.template(Workload(["run"], name="tick"), _SETTINGS, "shop-dev-tick", account=account)
    return objects.deployment(template, "shop-dev-tick", secrets, replicas=2)


def test_pods_are_replaced_when_a_secret_changes_and_do_not_tell_it() -> None:
    one, same, other = (_deployed({"TOKEN": each}) for each in ("hunter2", "hunter2", "hunter3"))
    assert (one == same, one["template"] == other["template"]) == (True, False)
    assert "hunter" not in str(one)
    assert "annotations" not in _deployed({})["template"]["metadata"]


def test_a_pod_has_a_token_only_where_it_acts_on_the_cluster() -> None:
    plain, acting = (_deployed({}, account)["template"]["spec"] for account in ("", "shop-dev"))
    assert (plain["serviceAccountName"], plain["automountServiceAccountToken"]) == ("loader", False)
    assert (acting["serviceAccountName"], acting["automountServiceAccountToken"]) == ("shop-dev", True)
