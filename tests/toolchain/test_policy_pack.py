"""What the engine's command line is given for the policy pack."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from datakit_iac.toolchain import policy_pack as policypack
from tests.packages import install


@pytest.fixture
def ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A virtual environment that stands for the pack's."""
    monkeypatch.delenv(policypack.SWITCH, raising=False)
    monkeypatch.setattr(policypack, "VENV", tmp_path / "venv")
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch(0o755)
    (tmp_path / "venv" / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
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


# What the pack is lent.

RULE = """\
from acme_words import WORD
from datakit_iac.policy.rule import NoArguments, rule

@rule("described", "dataset")
def described(dataset, arguments, project):
    "Every DataSet is described."
"""


def lent(ready: Path) -> set[str]:
    policypack.arguments(ready)
    return {each.name.partition("-")[0] for each in (ready / "venv" / "lent").iterdir()}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of packages that are installed beside ours."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.setattr(sys, "path", [*sys.path, str(folder)])
    return folder


def test_the_pack_is_lent_this_package(ready: Path) -> None:
    assert lent(ready) == {"datakit_iac"}


def test_the_pack_is_lent_what_brings_rules_and_what_that_needs(ready: Path, site: Path) -> None:
    install(site, "acme_rules", RULE, {"datakit.rules": {"described": "acme_rules:described"}})
    needs = "Requires-Dist: acme-words>=1\nRequires-Dist: acme-more; extra == 'more'\nRequires-Dist: acme-elsewhere\n"
    about = site / "acme_rules-1.0.dist-info" / "METADATA"
    about.write_text(about.read_text() + needs)
    for module in ("acme_words", "acme_more", "acme_other"):
        install(site, module, "WORD = 1", {"acme": {"word": f"{module}:WORD"}})
    assert lent(ready) == {"datakit_iac", "acme_rules", "acme_rules.py", "acme_words", "acme_words.py"}


def test_what_is_removed_here_is_lent_no_more(ready: Path, site: Path) -> None:
    install(site, "acme_rules", RULE, {"datakit.rules": {"described": "acme_rules:described"}})
    assert "acme_rules.py" in lent(ready)
    for each in (site / "acme_rules-1.0.dist-info").iterdir():
        each.unlink()
    (site / "acme_rules-1.0.dist-info").rmdir()
    assert lent(ready) == {"datakit_iac"}


def test_lending_again_changes_nothing(ready: Path, site: Path) -> None:
    install(site, "acme_rules", RULE, {"datakit.rules": {"described": "acme_rules:described"}})
    lent(ready)
    before = [each.lstat().st_mtime_ns for each in sorted((ready / "venv" / "lent").iterdir())]
    lent(ready)
    assert [each.lstat().st_mtime_ns for each in sorted((ready / "venv" / "lent").iterdir())] == before


def test_bytecode_that_python_keeps_beside_what_is_lent_stays(ready: Path, site: Path) -> None:
    install(site, "acme_rules", RULE, {"datakit.rules": {"described": "acme_rules:described"}})
    lent(ready)
    kept = ready / "venv" / "lent" / "__pycache__" / "acme_rules.pyc"
    kept.parent.mkdir()
    kept.touch()
    assert "acme_rules.py" in lent(ready)
    assert kept.exists()
