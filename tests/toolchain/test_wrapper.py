from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from datakit_iac.toolchain.engine import wrapper
from datakit_iac.toolchain.engine.probe import Engine, Way
from tests.toolchain.conftest import script

SHOW = 'echo "PATH=$PATH"; env | grep ^PULUMI_; echo "args=$*"'


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(script(tmp_path / "engine dir" / "pulumi", SHOW), "3.259.0", Way.CACHE)


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    (tmp_path / "my venv" / "bin").mkdir(parents=True)
    return tmp_path / "my venv"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "stacks").mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text("name: app\nbackend:\n  url: file://./.state\n")
    return folder


@pytest.fixture
def launch(venv: Path, engine: Engine, machine: dict[str, str]) -> wrapper.Launch:
    return wrapper.write(venv, engine, machine)


def run(launch: wrapper.Launch, cwd: Path, env: dict[str, str], *words: str) -> dict[str, str]:
    done = subprocess.run([launch.wrapper, *words], cwd=cwd, env=env, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return dict(line.partition("=")[::2] for line in done.stdout.splitlines())


def test_the_engine_gets_the_arguments_the_path_and_quiet_defaults(
    launch: wrapper.Launch, tmp_path: Path, machine: dict[str, str], venv: Path
) -> None:
    seen = run(launch, tmp_path, machine, "up", "--yes")

    assert seen["args"] == "up --yes"
    assert seen["PATH"].split(":")[0] == str(venv / "bin")
    assert seen["PULUMI_SKIP_UPDATE_CHECK"] == "1"
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" not in seen


def test_what_the_user_set_is_left_alone(launch: wrapper.Launch, project: Path, machine: dict[str, str]) -> None:
    own = {"PULUMI_SKIP_UPDATE_CHECK": "0", "PULUMI_CONFIG_PASSPHRASE": "mine"}

    seen = run(launch, project, {**machine, **own}, "up")

    assert {name: seen[name] for name in own} == own
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" not in seen
    assert not (project / ".datakit").exists()


def test_a_new_local_project_gets_a_passphrase_of_its_own_that_git_ignores(
    launch: wrapper.Launch, project: Path, machine: dict[str, str]
) -> None:
    seen = run(launch, project / "stacks", machine, "up")

    passphrase = project / ".datakit" / "passphrase"
    assert seen["PULUMI_CONFIG_PASSPHRASE_FILE"] == str(passphrase)
    assert len(passphrase.read_text()) == 48
    assert passphrase.stat().st_mode & 0o777 == 0o600
    assert (project / ".datakit" / ".gitignore").read_text() == "*\n"
    assert sorted(path.name for path in passphrase.parent.iterdir()) == [".gitignore", "passphrase"]


def test_a_passphrase_is_kept(launch: wrapper.Launch, project: Path, machine: dict[str, str]) -> None:
    run(launch, project, machine)
    first = (project / ".datakit" / "passphrase").read_text()
    (project / "stacks" / "Pulumi.dev.yaml").write_text("encryptionsalt: v1:x\n")

    seen = run(launch, project, machine)

    assert (project / ".datakit" / "passphrase").read_text() == first
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" in seen


@pytest.mark.parametrize("where", ["Pulumi.dev.yaml", "stacks/Pulumi.dev.yaml"])
def test_a_stack_with_secrets_is_not_given_another_passphrase(
    launch: wrapper.Launch, project: Path, machine: dict[str, str], where: str
) -> None:
    (project / where).write_text("encryptionsalt: v1:x\n")

    assert "PULUMI_CONFIG_PASSPHRASE_FILE" not in run(launch, project, machine, "up", "--stack", "dev")
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" in run(launch, project, machine, "up", "--stack", "me/app/test")


def test_a_project_whose_state_is_elsewhere_is_left_alone(
    launch: wrapper.Launch, project: Path, machine: dict[str, str]
) -> None:
    seen = run(launch, project, {**machine, "PULUMI_BACKEND_URL": "s3://bucket"}, "up")

    assert "PULUMI_CONFIG_PASSPHRASE_FILE" not in seen


@pytest.mark.parametrize("words", [("-C", "project"), ("--cwd", "project/stacks"), ("--cwd=project",)])
def test_the_project_may_be_named_by_an_option(
    launch: wrapper.Launch, project: Path, machine: dict[str, str], words: tuple[str, ...]
) -> None:
    seen = run(launch, project.parent, machine, *words, "up")

    assert seen["PULUMI_CONFIG_PASSPHRASE_FILE"] == str(project / ".datakit" / "passphrase")


def test_an_engine_without_a_language_host_gets_ours_beside_a_link_to_it(
    launch: wrapper.Launch, engine: Engine, venv: Path
) -> None:
    assert not launch.is_official
    assert launch.language_host == launch.engine.parent / "pulumi-language-python"
    assert launch.engine.samefile(engine.path)
    assert wrapper.is_ours(launch.language_host)
    assert not (venv / "bin" / "pulumi-language-python").exists()


def test_writing_it_again_leaves_nothing_behind(
    launch: wrapper.Launch, engine: Engine, venv: Path, machine: dict[str, str]
) -> None:
    before = sorted(venv.rglob("*"))

    assert wrapper.write(venv, engine, machine) == launch
    assert sorted(venv.rglob("*")) == before


@pytest.mark.parametrize("folder", ["engine dir", "bin"])
def test_an_official_language_host_is_preferred(
    tmp_path: Path, venv: Path, engine: Engine, machine: dict[str, str], folder: str
) -> None:
    wrapper.write(venv, engine, machine)
    official = script(tmp_path / folder / "pulumi-language-python", "true")

    launch = wrapper.write(venv, engine, machine)

    assert launch.is_official
    assert (launch.language_host, launch.engine) == (official, engine.path)
    assert not (venv / "libexec" / "datakit").exists()


def test_an_engine_that_is_gone_is_told_with_the_fix(
    launch: wrapper.Launch, tmp_path: Path, machine: dict[str, str]
) -> None:
    launch.engine.unlink()

    done = subprocess.run(
        [launch.wrapper, "up"], cwd=tmp_path, env=machine, capture_output=True, text=True, check=False
    )

    assert done.returncode == 3
    assert "is gone" in done.stderr
    assert f"`{launch.wrapper.parent}/dk setup`" in done.stderr


@pytest.mark.parametrize("spelling", [".venv", '".venv"'])
def test_a_clone_of_a_project_gets_a_link_to_the_environment(
    launch: wrapper.Launch, project: Path, venv: Path, machine: dict[str, str], spelling: str
) -> None:
    (project / "Pulumi.yaml").write_text(
        f"name: app\nruntime:\n  name: python\n  options:\n    virtualenv: {spelling}\n"
    )
    done = subprocess.run(
        [launch.wrapper, "preview"], cwd=project / "stacks", env=machine, capture_output=True, text=True, check=True
    )
    assert done.stderr == f"pulumi: {project}/.venv is a link to {venv} now\n"
    assert (project / ".venv").readlink() == venv
    run(launch, project, machine, "preview")


@pytest.mark.parametrize(
    "line", ["", "    virtualenv: ../venv\n", "    # virtualenv: .venv\n", "    virtualenv: .venv2\n"]
)
def test_a_project_that_names_another_environment_is_left_alone(
    launch: wrapper.Launch, project: Path, machine: dict[str, str], line: str
) -> None:
    (project / "Pulumi.yaml").write_text(f"name: app\nruntime:\n  name: python\n  options:\n{line}")
    run(launch, project, machine, "preview")
    assert not (project / ".venv").is_symlink()
