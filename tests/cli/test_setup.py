"""`dk setup` in a project and outside of one, with the real toolchain of this checkout."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from datakit_iac.toolchain.engine import search
from datakit_iac.toolchain.errors import ToolchainError
from tests.cli.conftest import Dk


@pytest.fixture
def equipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A virtual environment of its own, since the one of the tests is in use; the engine is the one that is here."""
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.setattr(sys, "prefix", str(venv))
    return venv


def test_it_equips_the_environment_and_makes_the_first_stack(
    dk: Dk, equipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert dk("init", tmp_path / "shop").code == 0
    monkeypatch.chdir(tmp_path / "shop")
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE", raising=False)
    said = dk("setup")
    assert said.code == 0, said.err
    assert (equipped / "bin" / "pulumi").is_file()
    assert (tmp_path / "shop" / "stacks" / "Pulumi.dev.yaml").is_file()
    assert dk("setup").code == 0, "again it changes nothing"


def test_outside_of_a_project_it_equips_the_environment_alone(
    dk: Dk, equipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = dk("setup")
    assert said.code == 0
    assert "no Pulumi project is here: `dk init` begins one" in said.err
    assert (equipped / "bin" / "pulumi").is_file()


def test_without_an_engine_it_says_what_was_tried(dk: Dk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise ToolchainError("there is no engine", expected="one", fix="install it")

    monkeypatch.setattr(search, "obtain", none)
    monkeypatch.chdir(tmp_path)
    said = dk("setup")
    assert said.code == 3
    assert "there is no engine" in said.err
