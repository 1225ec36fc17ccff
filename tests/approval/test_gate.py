"""Which plan allows an update."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from datakit_iac.approval.gate import admission, shelf
from datakit_iac.approval.plan import Operation, Plan, make, write
from datakit_iac.approval.signatures import place, sign
from datakit_iac.approval.verification import CurrentState
from tests.approval.conftest import LOAD, PLAN, SUBJECT, TWO, USERS, Case


def codes(case: Case, *, named: str = "", operations: tuple[Operation, ...] = (USERS, LOAD)) -> list[str]:
    now = CurrentState(SUBJECT, operations, TWO, datetime.now(UTC))
    return [each.code for each in admission(case.root, named, now).findings]


def shelved(case: Case, plan: Plan, name: str, *people: str) -> Path:
    file = shelf(case.root, "prod") / name
    write(plan, file)
    for who in people:
        signature = place(file, f"{who}@x.io")
        signature.parent.mkdir(exist_ok=True)
        signature.write_text(sign(plan.digest, case.keys[who]))
    return file


@pytest.fixture
def empty(case: Case) -> Case:
    """No plan is anywhere."""
    case.file.unlink()
    return case


def test_without_a_plan_nothing_is_applied(empty: Case) -> None:
    now = CurrentState(SUBJECT, (USERS,), TWO, datetime.now(UTC))
    (found,) = admission(empty.root, "", now).findings
    assert (
        found.message
        == "prod asks for 2 approvals, and there is no plan for it in approvals/prod or beside Pulumi.yaml"
    )
    assert "`dk plan --env prod --out`" in found.hint


def test_nothing_to_do_needs_no_plan(empty: Case) -> None:
    assert codes(empty, operations=()) == []


def test_the_plan_of_the_environment_is_found(empty: Case) -> None:
    shelved(empty, PLAN, "a.json", "ben", "eve")
    assert codes(empty) == []


def test_a_plan_beside_the_project_is_found_too(case: Case) -> None:
    (case.root / "package.json").write_text("{}")
    assert codes(case) == ["too-few-approvals"]
    case.signed("ben"), case.signed("eve")
    assert codes(case) == []


def test_of_several_plans_the_one_that_holds_is_taken(empty: Case) -> None:
    shelved(empty, make(SUBJECT, (USERS,), "ann@x.io"), "old.json", "ben", "eve")
    shelved(empty, PLAN, "now.json", "ben", "eve")
    shelved(empty, PLAN, "young.json", "ben")
    assert codes(empty) == []


def test_of_several_plans_the_current_one_is_spoken_of(empty: Case) -> None:
    shelved(empty, make(SUBJECT, (USERS,), "ann@x.io"), "a-old.json", "ben", "eve")
    shelved(empty, PLAN, "now.json")
    (shelf(empty.root, "prod") / "broken.json").write_text("{")
    assert codes(empty) == ["too-few-approvals"]


def test_it_is_told_which_plan_allows_an_update(empty: Case) -> None:
    now = CurrentState(SUBJECT, (USERS, LOAD), TWO, datetime.now(UTC), "sha256:before")
    nothing = CurrentState(SUBJECT, (), TWO, datetime.now(UTC), "sha256:before")
    plan = make(SUBJECT, (USERS, LOAD), "ann@x.io", follows="sha256:before")
    assert not admission(empty.root, "", now).is_allowed
    shelved(empty, PLAN, "first.json", "ben", "eve")
    assert not admission(empty.root, "", now).is_allowed, "it is for the state before that"
    shelved(empty, plan, "now.json", "ben", "eve")
    assert (admission(empty.root, "", now).is_allowed, admission(empty.root, "", now).plan) == (True, plan.digest)
    assert admission(empty.root, "", nothing).plan == "sha256:before", "what does nothing changes nothing there"


def test_a_named_plan_is_the_only_one(empty: Case) -> None:
    shelved(empty, PLAN, "now.json", "ben", "eve")
    named = shelved(empty, PLAN, "named.json", "ben")
    assert codes(empty, named=str(named)) == ["too-few-approvals"]
    assert codes(empty, named="nowhere.json") == ["invalid-plan"]


def test_approvals_of_one_plan_are_none_of_another(empty: Case) -> None:
    other = shelved(empty, make(SUBJECT, (USERS,), "ann@x.io"), "other.json", "ben", "eve")
    file = shelved(empty, PLAN, "now.json")
    for name in ("ben", "eve"):
        target = place(file, f"{name}@x.io")
        target.parent.mkdir(exist_ok=True)
        target.write_text(place(other, f"{name}@x.io").read_text())
    assert codes(empty, named=str(file)) == ["refused-approval", "refused-approval", "too-few-approvals"]
