"""The policy pack in the real engine: what breaks a rule is stopped before it is made."""

from __future__ import annotations

import json
import os
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from datakit_iac.checks.validate import validate
from datakit_iac.manifest.loading.loader import load
from datakit_iac.toolchain import policy_pack
from tests.docs.test_examples import shown
from tests.packages import install
from tests.scenarios.workspace import Outcome, Workspace

RULES = {"described": "acme_rules:described", "broken": "acme_rules:not_there"}

# pulumi-kubernetes's provider and the clouds' cannot be had offline: components stand for their resources, which the
# engine shows to a policy pack by the same types and properties.
PROGRAM = """\
    import pulumi
    from datakit_iac import Column, DataSet, Store

    class Raw(pulumi.ComponentResource):
        pass

    store = Store("warehouse", technology="duckdb", connection={"path": "warehouse.duckdb"}, create=True)
    DataSet("users", store=store, table="public.users", schema=[Column(name="id", type="integer", pii=False)])
    pod = {"containers": [{"name": "sync", "image": "ghcr.io/cloudquery/cloudquery:latest"}]}
    job = {"spec": {"template": {"spec": pod}}}
    Raw("kubernetes:batch/v1:CronJob", "sync", {"spec": {"schedule": "0 1 * * *", "jobTemplate": job}})
    """


@pytest.fixture(scope="session")
def pack() -> Path:
    return policy_pack.make_ready(os.environ)


class Judged:
    """A program without a Platform, under the pack."""

    def __init__(self, workspace: Workspace, pack: Path) -> None:
        self.workspace, self._pack = workspace, pack
        workspace.write("__main__.py", PROGRAM)

    def under(self, command: str, configuration: dict[str, Any] | None = None) -> Outcome:
        further = ["--yes", "--skip-preview"] if command == "up" else []
        if configuration is not None:
            file = self.workspace.write("policy-pack.json", json.dumps(configuration))
            further += ["--policy-pack-config", str(file)]
        return self.workspace._told(command, "--policy-pack", str(self._pack), *further)


@pytest.fixture
def judged(workspace: Workspace, pack: Path) -> Judged:
    return Judged(workspace, pack)


def test_a_mandatory_rule_stops_a_dataset_of_a_program_before_it_is_made(judged: Judged) -> None:
    told = judged.under("up").failed()
    assert "[classification-required] dataset/users" in told.text
    assert "DataSet users" not in judged.workspace.run("stack", "--show-urns", "--stack", "dev").text
    assert judged.workspace.rows("SELECT table_name FROM duckdb_tables()", "warehouse.duckdb") == []


def test_a_rule_of_an_installed_package_holds_in_the_pack(
    judged: Judged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    install(site, "acme_rules", shown("policies.md", '@rule("described"'), {"datakit.rules": RULES})
    try:
        with monkeypatch.context() as patched:
            patched.setattr(sys, "path", [*sys.path, str(site)])
            policy_pack.make_ready(os.environ)
            judged.workspace.project.mkdir(exist_ok=True)
            stopped = judged.under("preview", {"described": {"enforcementLevel": "mandatory"}}).failed()
        assert "[described] dataset/users: DataSet users has no description" in stopped.text
    finally:
        policy_pack.make_ready(os.environ)  # without it
    assert judged.under("preview", {"described": {"enforcementLevel": "mandatory"}}).code != 0


def test_remedies_change_what_is_made(judged: Judged) -> None:
    judged.under("up", {"classification-required": {"enforcementLevel": "remediate", "default": "restricted"}}).ok()
    state = json.loads(judged.workspace.run("stack", "export", "--stack", "dev").text)
    (users,) = [each for each in state["deployment"]["resources"] if each["type"] == "datakit:index:DataSet"]
    assert users["inputs"]["classification"] == "restricted"


def test_a_raw_cron_job_is_judged_and_an_expired_waiver_is_told(judged: Judged) -> None:
    waiver = {
        "rule": "classification-required",
        "target": "dataset/users",
        "owner": "ann@x.io",
        "reason": "old",
        "expires": "2020-01-31",
    }
    told = judged.under("preview", {"policies": {"versions": "exact", "waivers": [waiver]}}).failed()
    assert "[exact-version-pins] transform/sync" in told.text
    assert "[classification-required] dataset/users" in told.text
    assert "expired on 2020-01-31" in told.text


def test_a_configuration_without_the_form_of_the_schema_is_refused(judged: Judged) -> None:
    assert "versions" in judged.under("preview", {"policies": {"versions": "newest"}}).failed().text


def test_a_platforms_own_policies_and_waivers_hold(workspace: Workspace, pack: Path) -> None:
    policy = """\
        apiVersion: datakit.infoblox.dev/v1alpha1
        kind: Policy
        metadata: {name: owners}
        spec:
          rules: [{rule: owner-required}, {rule: pii-declared}]
          waivers: [{rule: owner-required, target: dataset/users, owner: ann, reason: moving, expires: 2999-01-31}]
        """
    workspace.write("project/policy.yaml", policy)
    told = workspace.preview("--policy-pack", str(pack)).ok()
    assert "waived until 2999-01-31 by ann: moving" in told.text
    assert "pii-declared" not in told.text


def test_validate_and_the_pack_find_the_same(workspace: Workspace, pack: Path) -> None:
    workspace.write(
        "project/policy.yaml",
        """\
        apiVersion: datakit.infoblox.dev/v1alpha1
        kind: Policy
        metadata: {name: ours}
        spec:
          enforcement: advisory
          rules:
            - {rule: owner-required}
            - {rule: naming, pattern: "[a-z]{8,}", kinds: [store, dataset]}
            - {rule: retention-required}
            - {rule: pii-propagates}
            - {rule: custom, name: described, expression: "dataset.description.size() > 20", message: say more}
        """,
    )
    workspace.write(
        "project/mails.yaml",
        """\
        apiVersion: datakit.infoblox.dev/v1alpha1
        kind: DataSet
        metadata: {name: mails}
        spec:
          store: warehouse
          table: public.mails
          owner: ann
          schema: [{name: mail, type: string, pii: false, from: users.email}]
        """,
    )
    found = validate(load(workspace.project), "dev", {})[1]
    expected = Counter((each.code, Path(each.file).name) for each in found)
    told = (
        workspace.preview("--policy-pack", str(pack)).ok().text.partition("Policies:")[2].partition("Diagnostics:")[0]
    )
    files = {"dataset/users": "users.yaml", "dataset/mails": "mails.yaml"}
    seen = Counter((code, files.get(target, target)) for code, target in re.findall(r"\[([a-z-]+)\] (\w+/\w+):", told))
    assert seen == expected
    assert len(expected) == 7
