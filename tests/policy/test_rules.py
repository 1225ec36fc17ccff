"""Rules of other packages, what findings say, and how schedules are read."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from datakit_iac import installed as packages
from datakit_iac.checks.validate import validate
from datakit_iac.findings.finding import Finding
from datakit_iac.manifest.loading.loader import load
from datakit_iac.policy import registry
from datakit_iac.policy.model import DataSetFacts, EnvironmentFacts
from datakit_iac.policy.project_facts import ProjectFacts
from datakit_iac.policy.registry import find
from datakit_iac.policy.rule import Remedy
from datakit_iac.policy.schedules import shortest_interval
from datakit_iac.runtimes.dbt.project.dbt_project import DbtProject
from datakit_iac.runtimes.dbt.project.documentation import described
from tests.docs.test_examples import shown
from tests.manifest.writing import CONNECTOR, DATASET, STORE, TRANSFORM, manifest, write
from tests.policy.table import TODAY

ENVIRONMENT = manifest("Environment", "dev", "spec: {versions: ranges}")
NOTHING = ProjectFacts(EnvironmentFacts("dev"))


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of installed packages, with the distribution that the documentation shows and one that fails."""
    site = tmp_path / "site"
    (site / "acme_rules-1.0.dist-info").mkdir(parents=True)
    (site / "acme_rules-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: acme-rules\nVersion: 1.0\n")
    points = "described = acme_rules:described\nfails = acme_rules:fails\nnone = acme_rules:missing\n"
    (site / "acme_rules-1.0.dist-info/entry_points.txt").write_text(f"[datakit.rules]\n{points}")
    failing = "\n\n@rule('fails', 'dataset')\ndef fails(dataset, arguments, project):\n    raise KeyError('x')\n"
    (site / "acme_rules.py").write_text(shown("policies.md", '@rule("described"') + failing)
    monkeypatch.syspath_prepend(str(site))
    forget()
    yield site
    sys.modules.pop("acme_rules", None)
    forget()


def forget() -> None:
    """Let what is installed be looked for again."""
    for known in (registry.find, packages.names, packages._all):
        known.cache_clear()


def judged(root: Path, *rules: str) -> list[Finding]:
    policy = manifest("Policy", "p", f"spec: {{rules: [{', '.join(rules)}]}}")
    project = load(write(root / "project", CONNECTOR, STORE, DATASET, TRANSFORM, ENVIRONMENT, policy))
    return [each for each in validate(project, "dev", os.environ, TODAY)[1] if each.code != "invalid-job"]


def test_a_rule_of_another_package_is_asked_as_ours_are(installed: Path, tmp_path: Path) -> None:
    (found,) = judged(tmp_path, "{rule: described, enforcement: advisory}")
    assert (found.code, found.severity, found.message) == ("described", "warning", "DataSet users has no description")
    assert found.line > 0


def test_a_rule_that_fails_is_a_finding_and_no_traceback(installed: Path, tmp_path: Path) -> None:
    (found,) = judged(tmp_path, "{rule: fails}")
    assert (found.code, found.path) == ("broken-rule", "spec.rules[0].rule")
    assert "KeyError" in found.message


def test_a_rule_that_cannot_be_imported_is_a_finding(installed: Path, tmp_path: Path) -> None:
    (found,) = judged(tmp_path, "{rule: none}")
    assert found.code == "unknown-rule"
    assert "acme_rules:missing" in found.message


@pytest.mark.parametrize(
    ("rule", "path", "hint"),
    [
        ("{rule: pii-declred}", "spec.rules[0].rule", "did you mean 'pii-declared'?"),
        ("{rule: naming, pattern: a, kind: [store]}", "spec.rules[0].kind", "did you mean 'kinds'?"),
        ("{rule: naming, pattern: a, kinds: [stor]}", "spec.rules[0].kinds[0]", ""),
    ],
)
def test_a_wrong_rule_is_told_at_its_place(tmp_path: Path, rule: str, path: str, hint: str) -> None:
    (found,) = judged(tmp_path, rule)
    assert (found.path, found.hint) == (path, hint)
    assert found.line > 0


def test_a_wrong_expression_says_where_in_it(tmp_path: Path) -> None:
    (found,) = judged(tmp_path, "{rule: custom, name: e, message: m, expression: 'datset.owner == \"\"'}")
    assert found.path == "spec.rules[0].expression"
    assert "1:" in found.message
    assert "did you mean 'dataset'?" in found.message


def test_one_right_answer_is_data() -> None:
    rule = find("classification-required")
    arguments = rule.arguments.model_validate({"default": "restricted"})
    (violation,) = rule(DataSetFacts("users", "warehouse", is_output=True), arguments, NOTHING)
    assert violation.remedy == Remedy(("spec", "classification"), "restricted")


def test_every_rule_says_in_a_sentence_what_it_asks_for() -> None:
    for name in registry.names():
        assert find(name).summary.endswith("."), name


@pytest.mark.parametrize(
    ("cron", "seconds"),
    [
        ("* * * * *", 60),
        ("0,30 6 1 * *", 1800),
        ("0 0,23 * * *", 3600),
        ("0 0,23 * * MON", 82800),
        ("0 0 29 2 *", 4 * 365.25 * 86400),
        ("0 12 * * *", 86400),
        ("@hourly", 3600),
        ("@monthly", 28 * 86400),
    ],
)
def test_the_shortest_interval_of_a_schedule(cron: str, seconds: float) -> None:
    assert shortest_interval(cron) == seconds


@pytest.mark.parametrize("cron", ["", "every day", "61 * * * *", "* * * *", "0 0 31 2 *"])
def test_what_is_no_schedule_is_told(cron: str) -> None:
    with pytest.raises(ValueError, match="is not a cron expression"):
        shortest_interval(cron)


def test_dbts_manifest_counts_until_what_it_was_made_of_changes(tmp_path: Path) -> None:
    write(tmp_path, "name: shop\n", file="dbt_project.yml")
    write(tmp_path, "models: [{name: users, description: New.}]\n", file="models/users.yml")
    write(
        tmp_path,
        '{"nodes": {"m": {"resource_type": "model", "name": "users", "description": "Old."}}}',
        file="target/manifest.json",
    )
    os.utime(tmp_path / "models/users.yml", (1, 1))
    assert described(DbtProject(tmp_path))["users"].description == "Old."
    os.utime(tmp_path / "target/manifest.json", (0, 0))
    assert described(DbtProject(tmp_path))["users"].description == "New."
