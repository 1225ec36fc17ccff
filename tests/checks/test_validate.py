"""The one entry that checks a whole project."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from datakit_iac.checks.validate import validate
from datakit_iac.findings.finding import Finding
from datakit_iac.manifest.loading.loader import load
from tests.manifest.writing import CONNECTOR, STORE, manifest, write

ENVIRONMENT = manifest("Environment", "dev", "spec: {versions: ranges}")
WARNING = Finding(code="unknown-field", message="unknown field 'x'", severity="warning")


@pytest.mark.parametrize(("versions", "severity"), [("ranges", "warning"), ("exact", "error")])
def test_a_warning_of_reading_is_an_error_where_versions_are_exact(
    tmp_path: Path, versions: str, severity: str
) -> None:
    project = load(write(tmp_path, CONNECTOR, STORE, ENVIRONMENT.replace("ranges", versions)))
    findings = validate(replace(project, warnings=(WARNING,)), "dev", {})[1]
    assert replace(WARNING, severity=severity) in findings  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pin", "codes"), [("1.4.2", {"exact-version-pins"}), ("1.4.2+a", set()), ("1.4.2+c", {"connector-version"})]
)
def test_a_pin_with_a_build_means_that_build_and_one_without_leaves_a_choice_of_builds(
    tmp_path: Path, pin: str, codes: set[str]
) -> None:
    builds = [CONNECTOR.replace("1.4.2", f"1.4.2+{build}") for build in ("a", "b")]
    store = STORE.replace("connector: duckdb", f'connector: duckdb, connectorVersion: "{pin}"')
    project = load(write(tmp_path, *builds, store, ENVIRONMENT.replace("ranges", "exact")))
    resolved, findings = validate(project, "dev", {})
    assert {each.code for each in findings} - {"lock-missing"} == codes
    if not codes:
        assert resolved.stores["warehouse"].version == "1.4.2+a"
