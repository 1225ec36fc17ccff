"""The state of an earlier release is taken over: nothing is replaced, dropped or lost."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import pytest

from tests.scenarios.workspace import Workspace

RECORDED = Path(__file__).parent / "recorded"
ROWS = [("ann", 15.0), ("bob", 7.0)]


@pytest.fixture
def recorded(tmp_path: Path) -> Workspace:
    """A project with a secret, applied by commit 2d458d7, which wrote no version of its state's format."""
    made, kept = Workspace(tmp_path), RECORDED / "unversioned"
    shutil.copytree(kept / "project", made.project, dirs_exist_ok=True)
    (made.project / "warehouse.duckdb").write_bytes(gzip.decompress((kept / "warehouse.duckdb.gz").read_bytes()))
    shutil.copy(kept / "Pulumi.dev.yaml", made.root)  # the salt of the secrets; the passphrase is the tests' own
    made.env["SHOP_TOKEN"] = "hunter2-of-the-test"
    made.run("stack", "import", "--stack", "dev", "--file", str(kept / "state.json")).ok()
    return made


def test_a_refresh_finds_everything_as_it_was(recorded: Workspace) -> None:
    assert recorded.refresh().ok().operations == {}


def test_an_update_keeps_every_table_and_the_next_one_changes_nothing(recorded: Workspace) -> None:
    first = recorded.up().ok()
    assert set(first.operations.values()) <= {"update"}, first.text
    assert {name.split()[0] for name in first.operations} <= {"Run", "Transform"}, (
        first.text
    )  # defined more closely now
    assert recorded.rows("SELECT * FROM main.revenue ORDER BY name") == ROWS
    assert recorded.up().ok().operations == {}
    assert recorded.refresh().ok().operations == {}
    exported = recorded.run("stack", "export", "--stack", "dev", "--show-secrets").ok().text
    assert exported.count("hunter2-of-the-test") == 2, "with the provider alone, as input and as output"


def test_what_is_deleted_is_reached_by_the_recorded_state_alone(recorded: Workspace) -> None:
    done = recorded.destroy().ok()
    assert set(done.operations.values()) == {"delete"}
    assert "raw.users stays: this environment retains data" in done.text
    assert recorded.rows("SELECT count(*) FROM raw.users") == [(2,)]
