"""Nothing reaches prod without approvals, by whichever door: a platform team's story."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.approval.keys import allow, new_key
from tests.scenarios.workspace import BIN, Outcome, Workspace

PROD = """\
    apiVersion: datakit.infoblox.dev/v1alpha1
    kind: Environment
    metadata: {name: prod}
    spec: {approval: multi-party, deletion: delete}
    """


class Guarded:
    """A project with a stack `prod` where two must agree, and the keys of three people."""

    def __init__(self, workspace: Workspace, keys: Path) -> None:
        self.workspace, self.root = workspace, workspace.root
        self.keys = {name: new_key(keys, name) for name in ("ann", "ben", "eve")}
        allow(self.root, self.keys)
        workspace.env["DATAKIT_AUTHOR"] = "ann@x.io"
        workspace.write("project/prod.yaml", PROD)
        workspace.run("stack", "init", "prod").ok()

    def dk(self, *words: str) -> Outcome:
        done = subprocess.run(
            [BIN / "dk", *words], cwd=self.root, env=self.workspace.env, capture_output=True, text=True,
            stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        return Outcome(done.returncode, done.stdout + done.stderr)

    def up(self) -> Outcome:
        return self.workspace.run("up", "--stack", "prod", "--yes", "--skip-preview")

    def approve(self, *people: str) -> None:
        for name in people:
            self.dk("approve", "plan.json", "--key", str(self.keys[name])).ok()

    def planned(self, *people: str) -> Outcome:
        told = self.dk("plan", "--env", "prod", "--out", "plan.json").ok()
        self.approve(*people)
        return told

    @property
    def resources(self) -> str:
        return self.workspace.run("stack", "--stack", "prod", "--show-urns").text


@pytest.fixture
def guarded(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Guarded:
    return Guarded(workspace, tmp_path_factory.mktemp("keys"))


def test_what_enough_people_agree_to_is_applied_and_nothing_else(guarded: Guarded) -> None:
    refused = guarded.up().failed()
    assert "error[no-plan] prod asks for 2" in refused.text
    assert "`dk plan --env prod --out`" in refused.text
    assert "DataSet" not in guarded.resources
    assert not (guarded.root / "project/warehouse.duckdb").exists()

    told = guarded.planned("ben").text
    assert "created    DataSet users" in " ".join(told.split(" ")) or "DataSet users" in told
    assert "error[too-few-approvals]" in guarded.dk("apply", "plan.json", "--yes").failed().text
    guarded.approve("eve")
    guarded.dk("apply", "plan.json", "--yes").ok()
    assert guarded.workspace.rows("SELECT count(*) FROM public.users") == [(0,)]
    assert "unchanged" in guarded.up().ok().text, "nothing to do needs nobody's approval"
    assert "error[stale-plan]" not in guarded.dk("apply", "plan.json", "--yes").ok().text
