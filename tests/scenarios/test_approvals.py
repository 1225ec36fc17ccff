"""Nothing reaches prod without approvals, by whichever door: a platform team's story."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from datakit_iac.toolchain import policy_pack
from tests.approval.keys import allow, new_key, public
from tests.scenarios.conftest import PLATFORM, USERS
from tests.scenarios.workspace import BIN, Outcome, Workspace

PROD = """\
    apiVersion: datakit.infoblox.dev/v1alpha1
    kind: Environment
    metadata: {name: prod}
    spec: {approval: multi-party, deletion: delete}
    bindings: {warehouse: {path: prod.duckdb}}
    """

ORDERS = """\
    apiVersion: datakit.infoblox.dev/v1alpha1
    kind: DataSet
    metadata: {name: orders}
    spec:
      store: warehouse
      table: public.orders
      classification: public
      schema: [{name: id, type: integer, pii: false}]
    """

INBOX = """\
    apiVersion: datakit.infoblox.dev/v1alpha1
    kind: Connector
    metadata: {name: files}
    spec: {type: files, version: "1.0.0", capabilities: [source]}
    ---
    apiVersion: datakit.infoblox.dev/v1alpha1
    kind: Store
    metadata: {name: inbox}
    spec: {connector: files, connection: {path: .}, secrets: {token: "${INBOX_TOKEN}"}}
    """

TABLES = "project/prod.duckdb"


class Guarded:
    """A project with a stack `prod` where two must agree, and the keys of three people, ann being the author."""

    def __init__(self, workspace: Workspace, keys: Path) -> None:
        self.workspace, self.root = workspace, workspace.root
        self.keys = {name: new_key(keys, name) for name in ("ann", "ben", "eve")}
        allow(self.root, self.keys)
        workspace.env["DATAKIT_AUTHOR"] = "ann@x.io"
        workspace.write("project/prod.yaml", PROD)
        workspace.run("stack", "init", "prod").ok()

    def copied(self, root: Path) -> Guarded:
        """The same project, plans and keys in another folder."""
        copy = object.__new__(Guarded)
        copy.workspace, copy.root, copy.keys = self.workspace.copied(root), root, self.keys
        copy.workspace.env["DATAKIT_AUTHOR"] = "ann@x.io"
        return copy

    def dk(self, *words: str) -> Outcome:
        done = subprocess.run(
            [BIN / "dk", *words], cwd=self.root, env=self.workspace.env, capture_output=True, text=True,
            stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        return Outcome(done.returncode, done.stdout + done.stderr)

    def planned(self, *people: str) -> Path:
        """A new plan that people have approved."""
        before = {*(self.root / "approvals/prod").glob("*.json")}
        self.dk("plan", "--env", "prod", "--out").ok()
        (plan,) = {*(self.root / "approvals/prod").glob("*.json")} - before
        for name in people:
            self.dk("approve", str(plan), "--yes", "--key", str(self.keys[name])).ok()
        return plan

    def up(self) -> Outcome:
        """What anybody may type."""
        return self.workspace.run("up", "--stack", "prod", "--yes", "--skip-preview")

    def is_untouched(self) -> bool:
        """Whether nothing was registered and nothing made."""
        stack = json.loads(self.workspace.run("stack", "export", "--stack", "prod").ok().text)
        known = {each["type"] for each in stack["deployment"].get("resources", [])}
        return known <= {"pulumi:pulumi:Stack"} and not (self.root / TABLES).exists()


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Guarded:
    """A project of one DataSet, of which nothing is planned."""
    workspace = Workspace(tmp_path_factory.mktemp("begun"))
    workspace.write("project/platform.yaml", PLATFORM)
    workspace.write("project/users.yaml", USERS)
    workspace.write("project/inbox.yaml", INBOX)
    workspace.write(".datakit/secrets.env", "INBOX_TOKEN=known-to-the-provider\n").chmod(0o600)
    return Guarded(workspace, tmp_path_factory.mktemp("keys"))


@pytest.fixture
def guarded(begun: Guarded, tmp_path: Path) -> Guarded:
    """A copy of it."""
    return begun.copied(tmp_path / "copy")


@pytest.fixture(scope="module")
def agreed(begun: Guarded, tmp_path_factory: pytest.TempPathFactory) -> Guarded:
    """A plan that enough people have approved, made once for tests that touch nothing."""
    guarded = begun.copied(tmp_path_factory.mktemp("agreed") / "copy")
    guarded.planned("ben", "eve")
    return guarded


def test_pulumi_up_takes_what_enough_people_have_approved_and_nothing_else(guarded: Guarded) -> None:
    seen = guarded.workspace.run("preview", "--stack", "prod").ok().text
    assert "2 people other than its author must approve this; `dk plan --env prod --out` begins" in seen
    refused = guarded.up().failed().text
    assert "error[no-plan] prod asks for 2 approvals" in refused
    assert "fix: make one and have it approved: `dk plan --env prod --out`" in refused

    guarded.planned("ben", "eve")
    guarded.workspace.replace("project/users.yaml", "Everybody.", "Nobody.")
    assert "changed since the plan: DataSet users is another" in guarded.up().failed().text
    guarded.workspace.replace("project/users.yaml", "Nobody.", "Everybody.")

    revoked = guarded.root / "approvals/revoked_keys"
    revoked.write_text(public(guarded.keys["eve"]) + "\n")
    assert "is revoked in approvals/revoked_keys" in guarded.up().failed().text
    assert guarded.is_untouched()
    revoked.unlink()

    guarded.up().ok()
    assert guarded.workspace.rows("SELECT count(*) FROM public.users", TABLES) == [(0,)]
    assert "unchanged" in guarded.up().ok().text, "nothing to do needs nobody's approval"
    guarded.workspace.run("destroy", "--stack", "prod", "--yes", "--skip-preview").ok()
    assert guarded.workspace.rows("SELECT count(*) FROM public.users", TABLES) == [(0,)], (
        "data stays, whatever `deletion` says"
    )


def test_dk_apply_takes_it_by_the_same_door(guarded: Guarded) -> None:
    plan = guarded.planned("ben")
    odd = plan.with_name(f"{plan.name}.sigs")
    for name in (b"%00.sig", b"\xff.sig"):
        odd.joinpath(os.fsdecode(name)).write_text("no signature")
    refused = guarded.dk("apply", str(plan), "--yes").failed().text
    assert "error[refused-approval] '%00.sig' is not named after a person" in refused
    assert "'\\udcff.sig' is not named after a person" in refused
    assert "prod asks for 2 approvals by others than the author, ann@x.io; there is 1 (ben@x.io)" in refused
    assert guarded.is_untouched()
    guarded.dk("approve", str(plan), "--yes", "--key", str(guarded.keys["eve"])).ok()
    guarded.dk("apply", str(plan), "--yes").ok()
    assert guarded.workspace.rows("SELECT count(*) FROM public.users", TABLES) == [(0,)]


def test_a_plan_is_applied_once_also_after_a_rollback(guarded: Guarded) -> None:
    guarded.workspace.write("project/orders.yaml", ORDERS)
    guarded.planned("ben", "eve")
    guarded.up().ok()

    guarded.workspace.replace("project/users.yaml", "Everybody.", "Nobody.")
    change = guarded.planned("ben", "eve")
    guarded.up().ok()
    assert "unchanged" in guarded.up().ok().text

    guarded.workspace.replace("project/users.yaml", "Nobody.", "Everybody.")
    guarded.planned("ben", "eve")
    guarded.up().ok()

    guarded.workspace.replace("project/users.yaml", "Everybody.", "Nobody.")
    refused = guarded.dk("apply", str(change), "--yes").failed().text
    assert "error[used-plan] another plan has been applied since this one was made" in refused
    assert refused.count("error[") == 1, "in all else it is as it was"


def test_a_plan_that_failed_before_anything_was_done_is_not_used_up(agreed: Guarded, tmp_path: Path) -> None:
    guarded = agreed.copied(tmp_path / "copy")
    guarded.up().ok()
    guarded.workspace.replace("project/users.yaml", "Everybody.", "Nobody.")
    plan, tables = guarded.planned("ben", "eve"), guarded.root / TABLES
    whole = tables.read_bytes()
    tables.write_bytes(b"no database")
    assert "updating failed" in guarded.dk("apply", str(plan), "--yes").failed().text
    tables.write_bytes(whole)
    guarded.dk("apply", str(plan), "--yes").ok()


CONFIGURED = """\
    import pulumi
    from datakit_iac import Platform

    Platform("platform", project="project")
    settings = pulumi.Config()
    if path := settings.get("path"):
        pulumi.ComponentResource("shop:index:Further", "further", {"path": path, "token": settings.get_secret("token")})
    """


def test_what_is_done_is_told_with_the_updates_own_configuration(guarded: Guarded) -> None:
    guarded.workspace.write("__main__.py", CONFIGURED)
    guarded.planned("ben", "eve")
    pulumi = guarded.workspace.run
    pulumi("config", "set", "path", "far.duckdb", "--stack", "prod", "--config-file", "other.yaml").ok()
    up = ("up", "--stack", "prod", "--yes", "--skip-preview")
    refused = pulumi(*up, "--config-file", "other.yaml").failed().text
    assert "what would be done is no longer what was planned: Further further is now to be created" in refused
    assert "what would be done is no longer" in pulumi(*up, "--config", "path=near.duckdb").failed().text
    pulumi("config", "rm", "path", "--stack", "prod").ok()
    assert guarded.is_untouched()
    guarded.up().ok()

    pulumi("config", "set", "--secret", "token", "planted\n", "--stack", "prod", "--config-file", "other.yaml").ok()
    guarded.dk("plan", "--env", "prod", "--config-file", "other.yaml", "--out", "plan.json").ok()
    for name in ("ben", "eve"):
        guarded.dk("approve", "plan.json", "--yes", "--key", str(guarded.keys[name])).ok()
    pulumi(*up, "--config-file", "other.yaml").ok()
    assert "planted" not in (guarded.root / "plan.json").read_text()


@pytest.mark.parametrize("option", ["--refresh", "--target=**", "--replace=**", "--target-replace=**", "--exclude=**"])
def test_an_update_that_would_do_more_or_less_than_its_plan_is_refused(agreed: Guarded, option: str) -> None:
    refused = agreed.workspace.run("up", "--stack", "prod", "--yes", "--skip-preview", option).failed().text
    assert f"error[unapproved-option] {option.partition('=')[0]}: " in refused
    assert agreed.is_untouched()


def test_a_plan_that_the_policy_pack_has_seen_is_applied_under_it(guarded: Guarded) -> None:
    policy_pack.make_ready(os.environ)
    del guarded.workspace.env["DATAKIT_POLICY_PACK"]
    plan = guarded.planned("ben", "eve")
    assert "CrossGuard pack" in plan.read_text()
    assert "policy CrossGuard pack is gone" in guarded.up().failed().text
    assert guarded.is_untouched()
    guarded.dk("apply", str(plan), "--yes").ok()


def test_no_other_environment_reaches_what_is_guarded(guarded: Guarded) -> None:
    unasked = PROD.replace("name: prod", "name: shadow").replace("multi-party", "auto-merge")
    guarded.workspace.write("project/models/notes.yaml", unasked.replace("prod.duckdb", "../project/./prod.duckdb"))
    guarded.workspace.run("stack", "init", "shadow").ok()
    refused = guarded.workspace.run("up", "--stack", "shadow", "--yes", "--skip-preview").failed().text
    assert "project/models/notes.yaml:5:" in refused
    assert "error[unguarded-store]" in refused
    assert guarded.is_untouched()


def test_another_state_makes_a_plan_stale_and_dev_asks_nobody(guarded: Guarded) -> None:
    guarded.workspace.up("--skip-preview").ok()
    plan = guarded.planned("ben", "eve")
    state = json.loads(guarded.workspace.run("stack", "export", "--stack", "dev").ok().text)
    resources = state["deployment"]["resources"]
    state["deployment"]["resources"] = [each for each in resources if "DataSet" not in each["type"]]
    moved = guarded.workspace.write("prod.state", json.dumps(state).replace("urn:pulumi:dev::", "urn:pulumi:prod::"))
    guarded.workspace.run("stack", "import", "--stack", "prod", "--file", str(moved)).ok()
    refused = guarded.dk("apply", str(plan), "--yes").failed().text
    assert "what would be done is no longer what was planned: " in refused
    assert "Store warehouse is not to be created any more" in refused
