"""`dk plan`, `dk apply` and `dk destroy`: the engine that is started, and how."""

from __future__ import annotations

import json
import os
import pty
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Dk

PYTHON = sys.executable
MAIN = "import sys; sys.executable = '/nowhere/python'; from datakit_iac.cli import main; sys.exit(main(sys.argv[1:]))"
OWN_TERMINAL = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"


@pytest.fixture
def pulumi_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Pulumi project with a stack `dev`; the working directory is below it. No engine is to be found."""
    root = tmp_path / "root"
    (root / "below").mkdir(parents=True)
    (root / "Pulumi.yaml").write_text("name: app\nbackend: {url: 'file://./state'}\n")
    stacks = root / "state" / ".pulumi" / "stacks" / "app"
    stacks.mkdir(parents=True)
    (stacks / "dev.json").write_text("{}")
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "venv" / "bin" / "python"))
    monkeypatch.chdir(root / "below")
    return root


def engine(folder: Path, body: str) -> Path:
    """An engine that is a shell script."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "pulumi"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def said_to(tmp_path: Path) -> list[str]:
    return (tmp_path / "said").read_text().split()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["plan"], ["preview", "--stack", "dev", "--event-log"]),
        (["apply"], ["up", "--stack", "dev"]),
        (["apply", "--yes"], ["up", "--stack", "dev", "--yes"]),
        (["destroy", "--env", "dev", "--yes"], ["destroy", "--stack", "dev", "--yes"]),
    ],
)
def test_each_command_is_one_of_the_engine(
    dk: Dk, tmp_path: Path, pulumi_project: Path, words: list[str], expected: list[str]
) -> None:
    engine(tmp_path / "bin", f'echo "$@" > {shlex.quote(str(tmp_path))}/said')
    assert dk(*words).code == 0
    assert said_to(tmp_path)[: len(expected)] == expected


def test_the_engine_of_the_environment_goes_before_the_one_on_path(
    dk: Dk, tmp_path: Path, pulumi_project: Path
) -> None:
    engine(tmp_path / "bin", "exit 1")
    engine(tmp_path / "venv" / "bin", "exit 0")
    assert dk("plan").code == 0


@pytest.mark.parametrize(("body", "code"), [("exit 17", 17), ("kill -KILL $$", 137)])
def test_its_exit_code_is_ours(dk: Dk, tmp_path: Path, pulumi_project: Path, body: str, code: int) -> None:
    engine(tmp_path / "bin", body)
    assert dk("apply").code == code


def test_without_an_engine_it_says_what_to_do(dk: Dk, pulumi_project: Path) -> None:
    said = dk("plan")
    assert (said.code, said.out) == (3, "")
    assert "there is no Pulumi engine" in said.err
    assert "`dk setup`" in said.err


def test_without_a_project_it_is_a_fault_of_usage(dk: Dk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = dk("apply")
    assert said.code == 2
    assert said.err.startswith(f"dk: there is no Pulumi.yaml in {tmp_path} or above")


def test_an_environment_without_a_stack_is_told_before_anything_starts(
    dk: Dk, tmp_path: Path, pulumi_project: Path
) -> None:
    engine(tmp_path / "bin", f"touch {shlex.quote(str(tmp_path))}/said")
    said = dk("apply", "--env", "prod")
    assert said.code == 3
    assert "app has no stack 'prod' yet" in said.err
    assert "`pulumi stack init prod`" in said.err
    assert not (tmp_path / "said").exists()


def lock(root: Path, pid: int) -> Path:
    path = root / "state" / ".pulumi" / "locks" / "organization" / "app" / "dev" / "lock.json"
    path.parent.mkdir(parents=True)
    taken = {"pid": pid, "username": "ann", "hostname": socket.gethostname(), "timestamp": "2099-01-01T00:00:00Z"}
    path.write_text(json.dumps(taken))
    return path


def test_the_lock_of_a_dead_process_is_cleared_first(dk: Dk, tmp_path: Path, pulumi_project: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    held = lock(pulumi_project, gone.pid)
    engine(tmp_path / "bin", f"test ! -e {shlex.quote(str(held))}")
    assert dk("apply").code == 0


def test_the_lock_of_a_live_process_stops_it(dk: Dk, tmp_path: Path, pulumi_project: Path) -> None:
    held = lock(pulumi_project, os.getpid())
    engine(tmp_path / "bin", "exit 0")
    said = dk("apply")
    assert (said.code, held.exists()) == (3, True)
    assert "the stack dev is locked by process" in said.err
    assert dk("plan").code == 0, "a plan locks nothing"


# As processes: with signals and a terminal.


def test_what_the_engine_prints_passes_untouched(tmp_path: Path, pulumi_project: Path) -> None:
    engine(tmp_path / "bin", "echo out; echo err >&2")
    done = subprocess.run([PYTHON, "-c", MAIN, "plan"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "out\n", "err\n")


WORKS_ON = "echo ready; while :; do sleep 0.02; done"


def test_the_engine_has_the_terminal_and_its_ctrl_c(tmp_path: Path, pulumi_project: Path) -> None:
    engine(tmp_path / "bin", f"trap 'echo cancelled; exit 5' INT; test -t 0 && test -t 1 && echo terminal; {WORKS_ON}")
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [PYTHON, "-c", OWN_TERMINAL + MAIN, "apply"], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    seen = read_until(ours, b"ready")
    os.write(ours, b"\x03")
    seen += read_until(ours, b"cancelled")
    assert child.wait(20) == 5
    os.close(ours)
    assert b"terminal" in seen
    assert b"Traceback" not in seen


def test_a_request_to_end_is_handed_on(tmp_path: Path, pulumi_project: Path) -> None:
    engine(tmp_path / "bin", f"trap 'exit 6' TERM; {WORKS_ON}")
    child = subprocess.Popen([PYTHON, "-c", MAIN, "apply"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert child.stdout is not None
    with child.stdout as printed:
        assert printed.readline() == b"ready\n"
        child.send_signal(signal.SIGTERM)
        assert (child.wait(20), printed.read()) == (6, b"")


def read_until(terminal: int, word: bytes) -> bytes:
    seen = b""
    while word not in seen:
        try:
            fresh = os.read(terminal, 1024)
        except OSError:  # the other end is closed
            fresh = b""
        assert fresh, f"ended before {word!r}: {seen!r}"
        seen += fresh
    return seen


@pytest.mark.engine
def test_the_real_engine_plans(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    virtualenv = Path(PYTHON).parents[1]
    (tmp_path / "Pulumi.yaml").write_text(
        f"name: app\nruntime: {{name: python, options: {{virtualenv: '{virtualenv}'}}}}\n"
        "backend: {url: 'file://./state'}\n"
    )
    (tmp_path / "__main__.py").write_text("import pulumi\npulumi.export('answer', 42)\n")
    env = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
    env |= {"PULUMI_CONFIG_PASSPHRASE": "test", "PULUMI_HOME": str(tmp_path / "home"), "NO_COLOR": "1"}
    subprocess.run(
        [Path(PYTHON).with_name("pulumi"), "stack", "init", "dev"],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        check=True,
    )
    done = subprocess.run(
        [Path(PYTHON).with_name("dk"), "plan"], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "answer: 42" in done.stdout
