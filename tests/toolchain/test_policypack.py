"""What the engine's command line is given for the policy pack."""

from __future__ import annotations

from pathlib import Path

import pytest

from datakit_iac.toolchain import policypack


@pytest.fixture
def ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A virtual environment that stands for the pack's."""
    monkeypatch.delenv(policypack.SWITCH, raising=False)
    monkeypatch.setattr(policypack, "VENV", tmp_path / "venv")
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch(0o755)
    (tmp_path / "venv" / "datakit-pack").write_text(policypack._content())
    return tmp_path


def test_a_pack_that_is_ready_is_handed_on(ready: Path) -> None:
    assert policypack.arguments(ready) == ("--policy-pack", str(policypack.FOLDER))


def test_its_configuration_is_handed_on_where_there_is_one(ready: Path) -> None:
    (ready / "policy-pack.json").touch()
    assert policypack.arguments(ready)[2:] == ("--policy-pack-config", str(ready / "policy-pack.json"))


def test_a_pack_of_another_lock_file_is_not_ready(ready: Path) -> None:
    (ready / "venv" / "datakit-pack").write_text("another")
    assert policypack.arguments(ready) == ()


def test_a_switch_leaves_it_out(ready: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(policypack.SWITCH, "off")
    assert policypack.arguments(ready) == ()
