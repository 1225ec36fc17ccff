"""The technology that the page builds from nothing: installed as a package of its own, as it is written there."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.test_docs import FENCE, ROOT


def files() -> Iterator[tuple[str, str]]:
    """The files that the page shows, by the name in their first line."""
    for fence in FENCE.finditer((ROOT / "docs/adding-a-technology.md").read_text()):
        beginning = fence[3].partition("\n")[0]
        if beginning.startswith("# ") and beginning.endswith((".py", ".toml")):
            yield beginning.removeprefix("# "), fence[3]


def test_a_technology_from_nothing_takes_less_than_150_lines() -> None:
    assert sum(len(text.splitlines()) for name, text in files() if not name.startswith("tests/")) < 150


@pytest.mark.engine
def test_it_is_installed_passes_the_suite_and_is_loaded_with_cloudquery(tmp_path: Path) -> None:
    for name, text in files():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "datakit_sqlite/__init__.py").write_text('"""SQLite: tables in one database file."""\n')
    venv.create(tmp_path / "venv", with_pip=True, symlinks=True)
    binaries = tmp_path / "venv/bin"
    (packages,) = tmp_path.glob("venv/lib/python*/site-packages")
    (packages / "ours.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    # Datakit's own plugins are on PATH; the package's is beside its Python.
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

    def run(*arguments: str) -> str:
        command = [str(binaries / "python"), *arguments]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", ".")
    said = run("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests")
    assert ("passed" in said, "skipped" in said) == (True, False)
