"""The smaller values of manifests: durations, secrets, days, ports, bindings."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from datakit_iac.findings.nearest import nearest
from datakit_iac.manifest.loading.loader import load
from datakit_iac.manifest.models.column import Column, Test
from datakit_iac.manifest.models.dataset import Consent
from datakit_iac.manifest.models.environment import BindingSection, Environment
from datakit_iac.manifest.models.transform import Trigger
from datakit_iac.manifest.values.duration import seconds
from datakit_iac.manifest.values.secret import Secret, variable
from datakit_iac.manifest.values.types import DataType
from tests.manifest.writing import DATASET, ENVIRONMENT, manifest, write


@pytest.mark.parametrize(
    ("text", "expected"),
    [("90s", 90), ("1h30m", 5400), ("1.5h", 5400), ("7d", 604800), ("250ms", 0.25), ("1d1h1m1s", 90061)],
)
def test_durations_are_written_as_go_writes_them(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "0s", "1", "-1h", "1y", "1 h", "h", "1h 30m", "1h30", "１h!"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a duration|is not above zero"):
        seconds(text)


def test_a_secret_shows_itself_only_when_asked() -> None:
    secret = Secret("hunter2")
    assert "hunter2" not in f"{secret} {secret!r} {[secret]} { ({'a': secret}) }"
    assert secret.reveal() == "hunter2"
    assert secret == Secret("hunter2") != Secret("other")


def test_a_model_refuses_without_repeating_what_it_was_given() -> None:
    with pytest.raises(ValueError, match="password") as refused:
        Column.model_validate({"name": "a", "type": "text", "password": "hunter2"})
    assert "hunter2" not in str(refused.value)


def test_a_reference_names_its_variable() -> None:
    assert variable("${TOKEN_2}") == "TOKEN_2"
    with pytest.raises(ValueError, match="not of the form"):
        variable("$TOKEN")


@pytest.mark.parametrize("day", ["2027-01-31", '"2027-01-31"'])
def test_a_day_is_read_with_and_without_quotes(tmp_path: Path, day: str) -> None:
    consents = f"consents: [{{object: table, reason: r, expires: {day}}}]\n  schema:"
    project = load(write(tmp_path, DATASET.replace("schema:", consents)))
    assert project.datasets["users"].spec.consents[0].expires == date(2027, 1, 31)


def test_a_consent_names_a_table_or_a_column() -> None:
    assert Consent(object="column/email", reason="r", expires=date(2027, 1, 31)).object == "column/email"
    with pytest.raises(ValueError, match="pattern"):
        Consent(object="email", reason="r", expires=date(2027, 1, 31))


def test_a_bare_test_stands_for_one_without_arguments() -> None:
    assert Test.model_validate("unique") == Test(unique=True)


def test_a_column_of_the_primary_key_needs_a_value() -> None:
    assert Column(name="id", type=DataType("bigint"), primary_key=True).required
    assert not Column(name="id", type=DataType("bigint")).required


def test_one_column_of_origin_may_stand_without_a_list() -> None:
    assert Column.model_validate({"name": "id", "type": "int", "from": "users.id"}).from_ == ["users.id"]


def test_a_composite_trigger_runs_on_change_where_it_says_so() -> None:
    assert Trigger().on_change
    assert not Trigger(policy="manual").on_change
    assert Trigger(policy="composite", policies=["on-change", "manual"]).on_change
    with pytest.raises(ValueError, match="composite"):
        Trigger(policies=["manual"])


@pytest.mark.parametrize("where", ["bindings:\n  my_store:", "spec:\n  bindings:\n    my-store:"])
def test_bindings_stand_at_the_top_or_under_spec_and_hyphens_are_underscores(tmp_path: Path, where: str) -> None:
    environment = load(write(tmp_path, manifest("Environment", "dev", f"{where} {{type: duckdb, path: x}}")))
    (bound,) = environment.environments["dev"].bound()
    assert bound.name == "my-store"
    assert (bound.binding.type, bound.binding.connection) == ("duckdb", {"path": "x"})


def test_one_store_bound_in_two_spellings_is_refused() -> None:
    twice = {"my-store": BindingSection(), "my_store": BindingSection()}
    with pytest.raises(ValueError, match="bound twice: my-store"):
        Environment.model_validate({"kind": "Environment", "metadata": {"name": "dev"}, "bindings": twice})


def test_approval_and_executor_may_be_one_word(tmp_path: Path) -> None:
    spec = load(write(tmp_path, ENVIRONMENT + "spec: {approval: team, executor: local}\n")).environments["dev"].spec
    assert (spec.approval.mode, spec.executor.type) == ("team", "local")


def test_the_nearest_name_is_a_hint_and_else_all_of_them() -> None:
    assert nearest("warehose", ["warehouse", "lake"]) == "did you mean 'warehouse'?"
    assert nearest("x", ["warehouse", "lake"]) == "known: lake, warehouse"
    assert nearest("x", []) == "there is none yet"
