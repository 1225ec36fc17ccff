"""The one entry that checks a whole project."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from datakit_iac.manifest.finding import Finding
from datakit_iac.manifest.load import load
from datakit_iac.policy.checking import check
from tests.manifest.writing import CONNECTOR, STORE, manifest, write

ENVIRONMENT = manifest("Environment", "dev", "spec: {versions: ranges}")
WARNING = Finding(code="unknown-field", message="there is no field 'x' here", severity="warning")


@pytest.mark.parametrize(("versions", "severity"), [("ranges", "warning"), ("exact", "error")])
def test_a_warning_of_reading_is_an_error_where_versions_are_exact(
    tmp_path: Path, versions: str, severity: str
) -> None:
    project = load(write(tmp_path, CONNECTOR, STORE, ENVIRONMENT.replace("ranges", versions)))
    findings = check(replace(project, warnings=(WARNING,)), "dev", {})[1]
    assert replace(WARNING, severity=severity) in findings  # type: ignore[arg-type]
