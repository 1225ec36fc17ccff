"""Local processes: lines, exit codes, and families that end whatever they try."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from datakit_iac.executors.local.processes import LocalProcesses
from datakit_iac.executors.protocol import Cancelled, Command, Conversation, Converses, Executor
from datakit_iac.executors.variables import MACHINE

pytestmark = pytest.mark.slow

STUBBORN = """
    import os, signal, subprocess, sys, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if len(sys.argv) > 2:
        flag = {"start_new_session": sys.argv[2] == "escape"}
        subprocess.Popen([sys.executable, sys.argv[0], sys.argv[1]], **flag)
    with open(sys.argv[1], "a") as pids:
        pids.write(f"{os.getpid()}\\n")
    print("ready", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def stubborn(tmp_path: Path) -> Path:
    script = tmp_path / "stubborn.py"
    script.write_text(textwrap.dedent(STUBBORN))
    return script


def is_alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False


def wait_for(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def once(condition: Callable[[], bool], act: Callable[[], None]) -> None:
    def watch() -> None:
        if wait_for(condition):
            act()

    threading.Thread(target=watch).start()


def pids_in(file: Path) -> list[int]:
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def run(argv: list[str], cwd: Path, **options: object) -> tuple[int, list[str]]:
    lines: list[str] = []
    command = Command(argv, cwd, **options)  # type: ignore[arg-type]
    return LocalProcesses().run(command, on_line=lines.append, cancel=threading.Event()), lines


def test_local_processes_keep_both_promises() -> None:
    local: Executor = LocalProcesses()
    assert isinstance(local, Converses)


def test_lines_of_both_streams_come_in_order(tmp_path: Path) -> None:
    script = "echo one; echo two >&2; printf 'three\\r\\n'; printf 'no end'"
    assert run(["sh", "-c", script], tmp_path) == (0, ["one", "two", "three", "no end"])


def test_lines_come_while_it_works(tmp_path: Path) -> None:
    came: list[float] = []
    command = Command(["sh", "-c", "echo a; sleep 0.5; echo b"], tmp_path)
    LocalProcesses().run(command, on_line=lambda _: came.append(time.monotonic()), cancel=threading.Event())
    assert came[1] - came[0] > 0.3


def test_a_hundred_thousand_lines_all_arrive(tmp_path: Path) -> None:
    code, lines = run(["seq", "100000"], tmp_path)
    assert code == 0
    assert lines == [str(number) for number in range(1, 100001)]


def test_what_is_no_utf8_does_no_harm(tmp_path: Path) -> None:
    assert run(["printf", r"caf\351\n"], tmp_path) == (0, ["caf\N{REPLACEMENT CHARACTER}"])


@pytest.mark.parametrize(("script", "code"), [("exit 3", 3), ("kill -9 $$", -9), ("kill -15 $$", -15)])
def test_the_exit_code_is_that_of_the_program(tmp_path: Path, script: str, code: int) -> None:
    assert run(["sh", "-c", script], tmp_path) == (code, [])


def test_a_job_sees_the_machine_what_is_fixed_and_what_it_declares(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "DBT_EMPTY", "PYTHONPATH", "PULUMI_CONFIG_PASSPHRASE", "LC_ALL"):
        monkeypatch.setenv(name, "ours")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    code, lines = run(
        [sys.executable, "-c", "import os; print(*os.environ.items(), sep='\\n')"], tmp_path, env={"A": "1"}
    )
    seen = dict(ast.literal_eval(line) for line in lines)
    known = {name: value for name, value in os.environ.items() if name in MACHINE}
    assert code == 0
    assert seen.items() - {("LC_CTYPE", "C.UTF-8")} == {**known, "TZ": "UTC", "LANG": "C.UTF-8", "A": "1"}.items()


def test_what_a_job_declares_comes_first(tmp_path: Path) -> None:
    assert run(["sh", "-c", "echo $TZ; pwd"], tmp_path, env={"TZ": "Asia/Tokyo"})[1] == ["Asia/Tokyo", str(tmp_path)]


def test_stdin_is_empty(tmp_path: Path) -> None:
    assert run(["cat"], tmp_path) == (0, [])


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no program no-such-thing on PATH"):
        run(["no-such-thing"], tmp_path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no folder .*gone"):
        run(["true"], tmp_path / "gone")


def test_a_file_that_cannot_be_executed_says_so(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x7fELF nonsense")
    broken.chmod(0o755)
    code, lines = run(["./broken"], tmp_path)
    assert code == 126
    assert "cannot start" in lines[0]
    assert "Exec format error" in lines[0]


@pytest.mark.parametrize("grandchild", ["stay", "escape"])
def test_cancel_ends_a_family_that_ignores_signals(tmp_path: Path, stubborn: Path, grandchild: str) -> None:
    pids, cancel = tmp_path / "pids", threading.Event()
    once(lambda: len(pids_in(pids)) == 2, cancel.set)
    command = Command([sys.executable, str(stubborn), str(pids), grandchild], tmp_path)
    with pytest.raises(Cancelled):
        LocalProcesses().run(command, on_line=lambda _: None, cancel=cancel)
    assert len(pids_in(pids)) == 2
    assert not any(map(is_alive, pids_in(pids)))


def test_cancel_takes_less_than_five_seconds(tmp_path: Path, stubborn: Path) -> None:
    cancel = threading.Event()
    command = Command([sys.executable, str(stubborn), str(tmp_path / "pids"), "stay"], tmp_path)
    began: list[float] = []

    def on_line(_: str) -> None:
        began.append(time.monotonic())
        cancel.set()

    with pytest.raises(Cancelled):
        LocalProcesses().run(command, on_line=on_line, cancel=cancel)
    assert time.monotonic() - began[0] < 5


def test_one_that_listens_to_signals_may_clean_up(tmp_path: Path) -> None:
    cancel = threading.Event()
    script = "trap 'touch cleaned; exit 0' TERM; echo ready; while :; do sleep 0.05; done"
    began = time.monotonic()
    with pytest.raises(Cancelled):
        LocalProcesses().run(Command(["sh", "-c", script], tmp_path), on_line=lambda _: cancel.set(), cancel=cancel)
    assert (tmp_path / "cleaned").exists()
    assert time.monotonic() - began < 1.5


def test_the_time_out_ends_it(tmp_path: Path, stubborn: Path) -> None:
    pids = tmp_path / "pids"
    with pytest.raises(TimeoutError, match=r"within 0\.5 s"):
        run([sys.executable, str(stubborn), str(pids), "stay"], tmp_path, timeout=0.5)
    assert not any(map(is_alive, pids_in(pids)))


def test_what_a_program_leaves_behind_is_ended(tmp_path: Path, stubborn: Path) -> None:
    pids = tmp_path / "pids"
    script = f"setsid {sys.executable} {stubborn} {pids} & while ! test -s {pids}; do sleep 0.02; done; exit 4"
    assert run(["sh", "-c", script], tmp_path) == (4, ["ready"])
    assert len(pids_in(pids)) == 1
    assert not is_alive(pids_in(pids)[0])


def test_a_fault_in_our_own_code_ends_it_too(tmp_path: Path, stubborn: Path) -> None:
    pids = tmp_path / "pids"

    def on_line(line: str) -> None:
        raise RuntimeError(line)

    with pytest.raises(RuntimeError, match="ready"):
        LocalProcesses().run(
            Command([sys.executable, str(stubborn), str(pids)], tmp_path), on_line=on_line, cancel=threading.Event()
        )
    assert not any(map(is_alive, pids_in(pids)))


PARENT = """
    import sys, threading
    from pathlib import Path
    from datakit_iac.executors.local.processes import LocalProcesses
    from datakit_iac.executors.protocol import Command
    command = Command([sys.executable, *sys.argv[1:]], Path("/"))
    LocalProcesses().run(command, on_line=lambda line: None, cancel=threading.Event())
"""


def start_parent(*argv: str) -> subprocess.Popen[bytes]:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen([sys.executable, "-c", textwrap.dedent(PARENT), *argv], env=env)


@pytest.mark.parametrize("grandchild", ["stay", "escape"])
def test_when_we_are_killed_the_family_goes_too(tmp_path: Path, stubborn: Path, grandchild: str) -> None:
    pids = tmp_path / "pids"
    with start_parent(str(stubborn), str(pids), grandchild) as parent:
        assert wait_for(lambda: len(pids_in(pids)) == 2)
        parent.kill()
    assert wait_for(lambda: not any(map(is_alive, pids_in(pids))), 5)


def guardian_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


def test_when_we_and_the_guardian_are_killed_the_child_goes_too(tmp_path: Path, stubborn: Path) -> None:
    pids = tmp_path / "pids"
    with start_parent(str(stubborn), str(pids)) as parent:
        assert wait_for(lambda: len(pids_in(pids)) == 1)
        guardian = guardian_of(pids_in(pids)[0])
        parent.kill()
        os.kill(guardian, signal.SIGKILL)
    assert wait_for(lambda: not any(map(is_alive, pids_in(pids))), 5)


def test_when_the_guardian_is_killed_we_end_the_group(tmp_path: Path, stubborn: Path) -> None:
    pids = tmp_path / "pids"
    once(lambda: len(pids_in(pids)) == 2, lambda: os.kill(guardian_of(min(pids_in(pids))), signal.SIGKILL))
    assert run([sys.executable, str(stubborn), str(pids), "stay"], tmp_path)[0] == -9
    assert wait_for(lambda: not any(map(is_alive, pids_in(pids))), 5)


@pytest.fixture
def upper(tmp_path: Path) -> Command:
    script = "import sys\nfor line in sys.stdin: print(line.strip().upper(), flush=True)"
    return Command([sys.executable, "-c", script], tmp_path)


def answer(conversation: Conversation) -> str:
    while (line := conversation.receive(10)) is None:
        pass
    return line


def test_a_conversation_goes_to_and_fro(upper: Command) -> None:
    conversation = LocalProcesses().open(upper)
    try:
        for word in ("one", "two"):
            conversation.send(word)
            assert answer(conversation) == word.upper()
        assert conversation.receive(0.01) is None
    finally:
        conversation.stop()
    with pytest.raises(EOFError):
        conversation.send("three")
    with pytest.raises(EOFError):
        conversation.receive(1)


def test_nothing_stays_open_and_no_zombie_is_left(tmp_path: Path, upper: Command) -> None:
    def open_files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    def children() -> set[str]:
        return {pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}

    before, had = open_files(), children()
    for _ in range(5):
        run(["true"], tmp_path)
        LocalProcesses().open(upper).stop()
    with pytest.raises(FileNotFoundError):
        run(["no-such-thing"], tmp_path)
    assert open_files() == before
    assert children() == had


def test_starting_costs_less_than_forty_milliseconds(tmp_path: Path) -> None:
    def seconds() -> float:
        began = time.monotonic()
        run(["true"], tmp_path)
        return time.monotonic() - began

    assert min(seconds() for _ in range(10)) < 0.04
