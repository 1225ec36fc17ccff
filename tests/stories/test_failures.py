"""What a user sees when a Run fails, and that the next `up` goes on from there."""

from __future__ import annotations

from tests.scenarios.test_pipeline_changes import REVENUE, runs
from tests.scenarios.workspace import Workspace


def test_bad_sql_names_the_transform_the_model_and_the_cause(applied: Workspace) -> None:
    applied.replace("project/models/models/staging/paid.sql", "amount > 0", "amuont > 0")
    failed = applied.up("--skip-preview").failed()
    assert "Transform staging:" in failed.text
    assert "models/staging/paid.sql" in failed.text
    assert "amuont" in failed.text
    assert applied.rows(REVENUE) == [("ann", 15.0), ("bob", 7.0)]
    applied.replace("project/models/models/staging/paid.sql", "amuont > 0", "amount > 6")
    assert runs(applied.up("--skip-preview")) == {"staging", "marts"}
    assert applied.rows(REVENUE) == [("ann", 10.0), ("bob", 7.0)]
    assert applied.up("--skip-preview").ok().operations == {}


def test_a_failed_change_that_is_taken_back_runs_once_more(applied: Workspace) -> None:
    applied.replace("project/models/models/staging/paid.sql", "amount > 0", "amuont > 0")
    applied.up("--skip-preview").failed()
    applied.replace("project/models/models/staging/paid.sql", "amuont > 0", "amount > 0")
    assert "staging" in runs(applied.up("--skip-preview"))
    assert applied.up("--skip-preview").ok().operations == {}


def test_bad_data_names_the_file_and_the_line_and_changes_no_row(applied: Workspace) -> None:
    applied.write("project/inbox/users.csv", "id,name\n1,ann\ntwo,bob\n")
    failed = applied.up("--skip-preview").failed()
    assert "Transform load-users:" in failed.text
    assert "users.csv" in failed.text
    assert "line 3" in failed.text
    assert "'two'" in failed.text
    assert applied.rows("SELECT id, name FROM raw.users ORDER BY id") == [(1, "ann"), (2, "bob")]
    applied.write("project/inbox/users.csv", "id,name\n1,ann\n2,rob\n")
    assert runs(applied.up("--skip-preview")) == {"load-users", "marts"}
    assert applied.rows(REVENUE) == [("ann", 15.0), ("rob", 7.0)]


def test_what_was_done_before_a_failure_is_kept(pipeline: Workspace) -> None:
    pipeline.replace("project/models/models/marts/revenue.sql", "sum(amount)", "sum(nothing)")
    failed = pipeline.up("--skip-preview").failed()
    assert "Transform marts:" in failed.text
    assert pipeline.rows("SELECT count(*) FROM raw.orders") == [(4,)]
    pipeline.replace("project/models/models/marts/revenue.sql", "sum(nothing)", "sum(amount)")
    assert runs(pipeline.up("--skip-preview")) == {"marts"}
    assert pipeline.rows(REVENUE) == [("ann", 15.0), ("bob", 7.0)]


def test_an_output_that_breaks_its_contract_fails_the_run(applied: Workspace) -> None:
    applied.replace("project/models/models/staging/paid.sql", "user_id, amount", "user_id, amount::varchar as amount")
    failed = applied.up("--skip-preview").failed()
    assert "paid: column amount is string; the contract says double" in failed.text
