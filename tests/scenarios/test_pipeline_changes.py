"""What runs when something of a pipeline changes, and what does not."""

from __future__ import annotations

from tests.scenarios.workspace import Outcome, Workspace

REVENUE = "SELECT name, total FROM revenue ORDER BY name"


def runs(outcome: Outcome) -> set[str]:
    """The names of the Runs that happened, or would."""
    return {name.removeprefix("Run ") for name in outcome.ok().operations if name.startswith("Run ")}


def test_the_first_up_loads_transforms_and_says_how_much(applied: Workspace, first_up: Outcome) -> None:
    assert runs(first_up) == {"load-users", "load-orders", "staging", "marts"}
    assert applied.rows(REVENUE) == [("ann", 15.0), ("bob", 7.0)]
    assert "users 2" in first_up.text
    assert "models 1" in first_up.text


def test_the_second_up_and_a_preview_after_refresh_are_empty(applied: Workspace) -> None:
    again = applied.up().ok()
    assert again.operations == {}
    assert "unchanged" in again.text
    assert applied.refresh().ok().operations == {}
    assert applied.preview().ok().operations == {}


def test_a_changed_model_runs_it_and_what_is_downstream(applied: Workspace) -> None:
    applied.replace("project/models/models/staging/paid.sql", "amount > 0", "amount > 6")
    plan = applied.preview()
    assert runs(plan) == {"staging", "marts"}
    assert "re-running: its definition changed" in plan.text
    assert "re-running: paid may change" in plan.text
    assert runs(applied.up("--skip-preview")) == {"staging", "marts"}
    assert applied.rows(REVENUE) == [("ann", 10.0), ("bob", 7.0)]


def test_a_changed_source_file_runs_its_load_and_what_depends_on_it(applied: Workspace) -> None:
    applied.write("project/inbox/users.csv", "id,name\n1,ann\n2,rob\n")
    plan = applied.preview()
    assert runs(plan) == {"load-users", "marts"}
    assert "re-running: users-csv changed" in plan.text
    assert runs(applied.up("--skip-preview")) == {"load-users", "marts"}
    assert applied.rows(REVENUE) == [("ann", 15.0), ("rob", 7.0)]
    assert applied.up("--skip-preview").ok().operations == {}
