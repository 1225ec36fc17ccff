"""What of a project a plan holds fast: everything that decides what happens, and no secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from datakit_iac.approval.plan import Subject
from datakit_iac.approval.plan_subject import subject
from datakit_iac.checks.validate import validate
from datakit_iac.manifest.loading.loader import load
from tests.scenarios.pipeline import API, FILES

PROD = f"""---
{API}kind: Environment
metadata: {{name: prod}}
spec: {{approval: team}}
bindings: {{warehouse: {{path: prod.duckdb}}}}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The pipeline of the scenarios, with an environment prod; the working directory."""
    return made(tmp_path, monkeypatch)


def made(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for path, text in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    (root / "platform.yaml").write_text(FILES["platform.yaml"] + PROD)
    monkeypatch.chdir(root)
    return root


def told(root: Path, variables: dict[str, str] | None = None) -> Subject:
    resolved, findings = validate(load(root), "prod", variables or {})
    return subject(resolved, findings, project="shop", stack="prod", folder=root, packed=False)


def changed(before: Subject, after: Subject) -> set[str]:
    names = {*before.parts, *after.parts}
    return {name for name in names if before.parts.get(name) != after.parts.get(name)}


def edit(root: Path, path: str, old: str, new: str) -> None:
    text = (root / path).read_text()
    assert old in text
    (root / path).write_text(text.replace(old, new, 1))


def test_every_part_of_the_project_is_named(project: Path) -> None:
    parts = told(project).parts
    assert {"Connector files", "Store inbox", "DataSet paid", "Transform marts", "Environment prod"} <= set(parts)
    assert "Environment dev" not in parts


def test_a_checkout_elsewhere_is_the_same_project(
    project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = told(project)
    assert told(made(tmp_path_factory.mktemp("elsewhere"), monkeypatch)) == here


@pytest.mark.parametrize(
    ("path", "old", "new", "part"),
    [
        ("tables.yaml", "Everybody.", "Nobody.", "DataSet users"),
        ("models/models/staging/paid.sql", "amount > 0", "amount > 1", "Transform staging"),
        ("platform.yaml", "approval: team", "approval: multi-party", "Environment prod"),
        ("transforms.yaml", "  runtime: cloudquery", "  timeout: 5m\n  runtime: cloudquery", "Transform load-users"),
    ],
)  # fmt: skip
def test_what_has_changed_is_known_by_name(project: Path, path: str, old: str, new: str, part: str) -> None:
    before = told(project)
    edit(project, path, old, new)
    assert part in changed(before, told(project))


def test_a_moved_store_changes_it_and_what_lies_in_it(project: Path) -> None:
    before = told(project)
    edit(project, "platform.yaml", "bindings: {warehouse", "bindings: {inbox: {path: other}, warehouse")
    (project / "inbox").rename(project / "other")
    assert {"Store inbox", "DataSet users-csv", "DataSet orders-csv"} <= changed(before, told(project))
    assert "DataSet paid" not in changed(before, told(project))


def test_layout_and_comments_change_nothing(project: Path) -> None:
    before = told(project)
    edit(project, "tables.yaml", "spec:\n  store: warehouse\n", "# why\nspec:\n  store:   'warehouse'\n")
    (project / "tables.yaml").rename(project / "renamed.yaml")
    assert changed(before, told(project)) == set()


def test_the_lock_file_is_part_of_it(project: Path) -> None:
    before = told(project)
    (project / "datakit.lock").write_text("{}")
    assert "datakit.lock" in changed(before, told(project))


def test_what_runs_the_program_is_part_of_it(project: Path) -> None:
    (project / "Pulumi.yaml").write_text("name: shop\nruntime: {name: python, options: {virtualenv: .venv}}\n")
    before = told(project)
    edit(project, "Pulumi.yaml", "virtualenv: .venv", "virtualenv: other")
    (project / "policy-pack.json").write_text("{}")
    assert changed(before, told(project)) == {"Pulumi.yaml", "policy-pack.json"}


def test_of_secrets_there_are_references_only(project: Path) -> None:
    edit(project, "platform.yaml", "{path: inbox}", "{path: inbox}, secrets: {token: '${SHOP_TOKEN}'}")
    first, second = told(project, {"SHOP_TOKEN": "planted-1"}), told(project, {"SHOP_TOKEN": "planted-2"})
    assert first == second
    assert "planted" not in first.model_dump_json()
    edit(project, "platform.yaml", "${SHOP_TOKEN}", "${OTHER}")
    assert "Store inbox" in changed(first, told(project, {"OTHER": "planted-1"}))


def test_the_rules_that_looked_at_it_are_told(project: Path) -> None:
    head = f"{API}kind: Policy\nmetadata: {{name: owners}}\n"
    policy = head + "spec: {enforcement: advisory, rules: [rule: owner-required]}\n"
    (project / "policy.yaml").write_text(policy)
    assert "owner-required (advisory)" in told(project).policies
    (project / "policy.yaml").write_text(policy.replace("advisory", "disabled"))
    assert not any("owner-required" in each for each in told(project).policies)


def test_what_is_downstream_is_told_of_datasets_and_runs(project: Path) -> None:
    downstream = told(project).downstream
    assert downstream["DataSet orders"] == ("staging", "marts")
    assert downstream["Run staging"] == ("marts",)
    assert "Run marts" not in downstream
