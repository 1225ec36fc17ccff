"""What type checkers say to people who write the platform in Python, without pydantic's plugin."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from datakit_iac.manifest.models.column import Column

PROGRAM = """
from datakit_iac import Column, Test

Column(name="email", type="text", pii=True, tests=[Test(unique=True), "not_null"], from_="users.email")
"""


@pytest.mark.slow
def test_a_column_may_be_written_in_any_spelling(tmp_path: Path) -> None:
    fields = "".join(f", {name}=Column(name='x', type='int').{name}" for name in Column.model_fields)
    (tmp_path / "platform_program.py").write_text(f"{PROGRAM}Column({fields.removeprefix(', ')})\n")
    (tmp_path / "mypy.ini").write_text("[mypy]\nstrict = true\n")
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", "mypy.ini", "platform_program.py"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout
