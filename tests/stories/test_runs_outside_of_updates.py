"""Runs by `dk run`, a schedule and updates share one history: what happened already is not done again."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from datakit_iac.cli.dispatch import main
from datakit_iac.history import place
from datakit_iac.history.history import History
from tests.model.program import PROJECT, STACK
from tests.model.state import Snapshot
from tests.scenarios.test_pipeline_changes import runs
from tests.stories.workspace import InProcess

Dk = Callable[..., tuple[int, str]]
STACK_NAME = f"{PROJECT}/{STACK}"


@pytest.fixture
def dk(applied: InProcess, capsys: pytest.CaptureFixture[str]) -> Dk:
    """`dk` in this process; its exit code, and all that it printed."""
    applied.write("Pulumi.yaml", f"name: {PROJECT}\nruntime: python\n")

    def called(*words: str) -> tuple[int, str]:
        with contextlib.chdir(applied.root):
            code = main([*words, "--project", "project"])
        said = capsys.readouterr()
        return code, said.out if "json" in words else said.out + said.err

    return called


def history(workspace: InProcess) -> History:
    with contextlib.chdir(workspace.root):
        return History(place.opened(STACK_NAME))


def happened(workspace: InProcess) -> int:
    return len(history(workspace).listed(limit=100))


def results(said: str) -> dict[str, str]:
    found: dict[str, Any] = json.loads(said)
    return {each["transform"]: each["state"] for each in found["runs"]}


def test_what_a_person_runs_is_adopted_by_the_next_update_and_the_other_way_round(applied: InProcess, dk: Dk) -> None:
    assert results(dk("run", "load-users", "--output", "json")[1]) == {"load-users": "unchanged", "marts": "unchanged"}
    applied.write("project/inbox/users.csv", "id,name\n1,ann\n2,bob\n3,eve\n")
    code, said = dk("run", "load-users", "--dry-run")
    assert code == 0
    assert "load-users: run: users-csv changed" in said
    assert "marts: perhaps: load-users would run before it" in said
    assert happened(applied) == 4
    code, said = dk("run", "project/transforms.yaml", "--output", "json")
    assert results(said) == {
        "load-users": "succeeded",
        "load-orders": "unchanged",
        "staging": "unchanged",
        "marts": "succeeded",
    }
    assert applied.rows("SELECT count(*) FROM raw.users") == [(3,)]
    stamps, ran = applied.rows("SELECT max(_cq_sync_time) FROM raw.users"), happened(applied)
    updated = applied.up("--skip-preview").ok()
    assert runs(updated) == {"load-users", "marts"}
    assert "not repeated: Run " in updated.text
    assert (applied.rows("SELECT max(_cq_sync_time) FROM raw.users"), happened(applied)) == (stamps, ran)
    assert applied.up("--skip-preview").ok().operations == {}
    assert results(dk("run", "load-users", "load-orders", "--output", "json")[1])["load-users"] == "unchanged"


def test_an_update_whose_state_was_lost_runs_nothing(applied: InProcess) -> None:
    ran, stamps = happened(applied), applied.rows("SELECT max(_cq_sync_time) FROM raw.users")
    applied.engine.snapshot = Snapshot(())
    made = applied.up("--skip-preview").ok()
    assert made.operations["Run marts"] == "create"
    assert (happened(applied), applied.rows("SELECT max(_cq_sync_time) FROM raw.users")) == (ran, stamps)


def test_what_others_changed_is_made_again(applied: InProcess, dk: Dk) -> None:
    applied.execute("DELETE FROM raw.users WHERE id = 2")
    code, said = dk("run", "load-users", "--output", "json")
    assert (code, results(said)["load-users"]) == (0, "succeeded")
    assert applied.rows("SELECT count(*) FROM raw.users") == [(2,)]


def test_a_run_that_fails_is_told_recorded_and_done_again(applied: InProcess, dk: Dk) -> None:
    model = "project/models/models/staging/paid.sql"
    applied.replace(model, "amount > 0", "amount / 0 > nothing_like_it")
    code, said = dk("run", "staging", "marts")
    assert code == 1
    assert "nothing_like_it" in said
    assert "marts: skipped: staging did not succeed" in said
    code, shown = dk("runs", "show", "staging")
    assert (code, "state: failed" in shown, "nothing_like_it" in shown) == (0, True, True)
    assert "nothing_like_it" in dk("logs", "staging")[1]
    code, table = dk("status")
    assert (code, "failed" in table) == (1, True)
    applied.replace(model, "amount / 0 > nothing_like_it", "amount > 5")
    assert results(dk("run", "staging", "--output", "json")[1]) == {"staging": "succeeded", "marts": "succeeded"}
    assert applied.rows("SELECT sum(amount) FROM main.paid") == [(17.0,)]
    assert re.search(r"1 of \d+ OK created sql \w+ model main\.paid \.* \[OK in [\d.]+s\]", dk("logs", "staging")[1])
    code, listed = dk("runs", "list", "staging", "--output", "json")
    assert [each["state"] for each in json.loads(listed)["runs"]] == ["succeeded", "failed", "succeeded"]


def test_outputs_are_tested_without_a_run(applied: InProcess, dk: Dk) -> None:
    ran = happened(applied)
    assert dk("test", "load-users") == (0, "load-users: users: passed\n")
    applied.replace(
        "project/tables.yaml",
        "{name: name, type: string}\n---",
        "{name: name, type: string, tests: [{accepted_values: {values: [ann]}}]}\n---",
    )
    code, said = dk("test")
    assert (code, "load-users: users: accepted_values(name): 1 row" in said) == (1, True)
    assert happened(applied) == ran


def test_what_is_not_applied_yet_is_not_run(applied: InProcess, dk: Dk) -> None:
    applied.replace(
        "project/tables.yaml",
        "{name: name, type: string}\n---",
        "{name: name, type: string}\n    - {name: age, type: integer}\n---",
    )
    code, said = dk("run", "load-users")
    assert code == 1
    assert "output users: raw.users is not as its contract says" in said
    assert "`dk apply --env dev` first" in said


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (("run", "load-user"), 2, "did you mean 'load-users'?"),
        (("run", "project/inbox"), 2, "there is no Transform in project/inbox"),
        (("runs", "show", "nothing"), 2, "unknown Run 'nothing'"),
        (("run", "load-users", "--env", "prod"), 1, "unknown Environment 'prod'"),
        (("stop", "load-users"), 0, "is over already: succeeded"),
    ],
)
def test_what_is_typed_wrong_is_told(dk: Dk, words: tuple[str, ...], code: int, expected: str) -> None:
    found, said = dk(*words)
    assert (found, expected in said) == (code, True), said


def test_a_project_with_errors_runs_nothing(applied: InProcess, dk: Dk) -> None:
    applied.replace(
        "project/tables.yaml", "store: warehouse\n  table: raw.users", "store: warehous\n  table: raw.users"
    )
    code, said = dk("run", "load-orders")
    assert (code, "error[" in said, "did you mean 'warehouse'" in said) == (1, True, True)
