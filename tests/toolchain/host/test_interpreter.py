from __future__ import annotations

import sys
from pathlib import Path

import pytest

from datakit_iac.toolchain.host import child
from datakit_iac.toolchain.host.interpreter import InterpreterError, environment_for, interpreter_of
from tests.toolchain.conftest import script

OURS = Path(sys.executable)


def test_without_an_option_the_program_runs_by_our_python(tmp_path: Path) -> None:
    assert interpreter_of(tmp_path, {}) == OURS


def test_our_own_virtual_environment_named_is_our_python(tmp_path: Path) -> None:
    assert interpreter_of(tmp_path, {"virtualenv": sys.prefix}) == OURS


@pytest.mark.parametrize("options", [{"virtualenv": "env"}, {"virtualenv": "env", "toolchain": "uv"}])
def test_another_virtual_environment_is_found_from_the_projects_root(tmp_path: Path, options: dict[str, str]) -> None:
    python = script(tmp_path / "env" / "bin" / "python", "true")

    assert interpreter_of(tmp_path, options) == python


def test_a_plugins_default_environment_is_used_where_there_is_one(tmp_path: Path) -> None:
    assert interpreter_of(tmp_path, {}, default="venv") == OURS
    python = script(tmp_path / "venv" / "bin" / "python", "true")
    assert interpreter_of(tmp_path, {}, default="venv") == python


def test_a_missing_environment_is_told_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(InterpreterError, match=r"has no bin/python.*python3 -m venv"):
        interpreter_of(tmp_path, {"virtualenv": "env"})


def test_a_toolchain_we_do_not_serve_is_told(tmp_path: Path) -> None:
    with pytest.raises(InterpreterError, match="poetry"):
        interpreter_of(tmp_path, {"toolchain": "poetry"})


def test_a_childs_environment_is_that_of_its_interpreter() -> None:
    env = environment_for(Path("/env/bin/python"), {"PATH": "/bin", "PYTHONHOME": "/x"})

    assert env == {"PATH": "/env/bin:/bin", "VIRTUAL_ENV": "/env"}


def test_a_plugin_is_run_by_its_folder_or_as_the_package_it_is(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "my-plugin"\n')
    assert child.plugin_command(OURS, tmp_path)[-2:] == ["pulumi.run.plugin", "my-plugin"]
    (tmp_path / "__main__.py").touch()
    assert child.plugin_command(OURS, tmp_path)[-1] == str(tmp_path)
