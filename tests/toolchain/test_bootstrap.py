from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from datakit_iac.toolchain.setup import stamp
from tests.toolchain.conftest import CHECKOUT, StubEngine, script

COPIED = ("pyproject.toml", "requirements.lock", "Pulumi.yaml", "datakit_iac/version.py")
BASE_PYTHON: str = sys._base_executable  # type: ignore[attr-defined]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout of this repository with what its set-up needs."""
    folder = tmp_path / "checkout"
    for name in COPIED:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(CHECKOUT / name, folder / name)
    ignored = shutil.ignore_patterns("__pycache__", "host")
    shutil.copytree(CHECKOUT / "datakit_iac" / "toolchain", folder / "datakit_iac" / "toolchain", ignore=ignored)
    return folder


@pytest.fixture
def set_up(checkout: Path, machine: dict[str, str], stub_engine: StubEngine) -> Path:
    """That checkout, set up with a uv that makes a virtual environment and installs nothing."""
    stub_engine("v3.300.0")
    fake_python = 'echo "3 11"' if sys.version_info[:2] == (3, 11) else f'exec {BASE_PYTHON} "$@"'
    script(checkout.parent / "fake-python", fake_python)
    script(
        checkout.parent / "bin" / "uv",
        f"""echo "$@" >> {checkout.parent}/uv.log
for last; do :; done
if [ "$1" = venv ]; then
    mkdir -p "$last/bin"; cp {checkout.parent}/fake-python "$last/bin/python"
    touch "$last/pyvenv.cfg" "$last/bin/dk"
fi""",
    )
    done = bootstrap(checkout, machine, "setup")
    assert done.returncode == 0, done.stderr
    return checkout


def bootstrap(checkout: Path, env: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    bootstrap_py = checkout / "datakit_iac" / "toolchain" / "bootstrap.py"
    command = [BASE_PYTHON, "-I", "-S", str(bootstrap_py), *words]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


def test_a_fresh_checkout_is_set_up_with_the_standard_library_alone(set_up: Path) -> None:
    calls = (set_up.parent / "uv.log").read_text().splitlines()

    assert [call.split()[0] for call in calls] == ["--version", "venv", "pip", "pip"]
    assert calls[2].endswith("--no-deps -r requirements.lock")
    assert calls[3].endswith("--no-deps --no-build-isolation --editable .")
    assert stamp.read(set_up / ".venv") is not None


def test_the_second_time_it_starts_nothing_and_takes_no_time(set_up: Path, machine: dict[str, str]) -> None:
    before = (set_up.parent / "uv.log").read_text()
    took = []
    for _ in range(3):
        began = time.monotonic()
        done = bootstrap(set_up, machine, "setup")
        took.append(time.monotonic() - began)

    python = sys.version.split()[0]
    assert f"already: Python {python}, engine v3.300.0 (PATH)" in done.stderr
    assert (set_up.parent / "uv.log").read_text() == before
    assert min(took) < 2


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml", "datakit_iac/toolchain/engine/pulumi.sh"])
def test_a_change_of_what_it_was_made_from_sets_up_again(set_up: Path, machine: dict[str, str], name: str) -> None:
    with (set_up / name).open("a") as file:
        file.write("\n# changed\n")

    assert stamp.current(set_up, set_up / ".venv", machine) is None


@pytest.mark.parametrize("name", [".venv/bin/pulumi", ".datakit-state", "../bin/pulumi"])
def test_something_that_is_gone_sets_up_again(set_up: Path, machine: dict[str, str], name: str) -> None:
    known = stamp.read(set_up / ".venv")
    gone = set_up / name
    assert known is not None
    assert stamp.inputs_of(set_up)

    if gone.is_dir():
        shutil.rmtree(gone)
    else:
        gone.unlink()

    assert stamp.current(set_up, set_up / ".venv", machine) is None


def test_packages_that_cannot_be_installed_are_told_without_a_traceback(
    checkout: Path, machine: dict[str, str], tmp_path: Path
) -> None:
    script(tmp_path / "bin" / "uv", '[ "$1" = pip ] && echo "no index reachable" && exit 2; exit 0')

    done = bootstrap(checkout, machine, "setup")

    assert done.returncode == 3
    assert "error: uv could not install the packages" in done.stderr
    assert "| no index reachable" in done.stderr
    assert "fix:" in done.stderr
    assert "Traceback" not in done.stderr
    assert not stamp.path_in(checkout / ".venv").exists()


def test_an_old_python_is_told_what_is_needed(tmp_path: Path) -> None:
    source = (CHECKOUT / "datakit_iac" / "toolchain" / "bootstrap.py").read_text()
    code = f"import sys; sys.version_info = (3, 9, 1); __name__ = '__main__'\n{source}"

    done = subprocess.run([BASE_PYTHON, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 3
    assert "Python 3.9.1 is too old" in done.stderr
