"""Local processes: lines, exit codes, and families that end whatever they try."""

from __future__ import annotations

import ast
import os
import resource
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from datakit_iac.executors.lines import Lines
from datakit_iac.executors.local.process import Process
from datakit_iac.executors.local.processes import LocalProcesses
from datakit_iac.executors.protocol import Cancelled, Executor, KeepsWorkers
from datakit_iac.executors.variables import MACHINE
from datakit_iac.executors.workload import FOLDER_VARIABLE, Workload
from datakit_iac.manifest.values.secret import Secret

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


def run_to_end(
    workload: Workload, folder: Path, *, on_line: Callable[[str], None], cancel: threading.Event | None = None
) -> int:
    execution = LocalProcesses(folder).start(workload)
    try:
        lines = Lines(execution, timeout=workload.timeout, cancel=cancel)
        for line in lines:
            on_line(line)
        return lines.exit_code
    finally:
        execution.cancel()


def run(argv: list[str], folder: Path, **options: object) -> tuple[int, list[str]]:
    lines: list[str] = []
    workload = Workload(argv, **options)  # type: ignore[arg-type]
    return run_to_end(workload, folder, on_line=lines.append), lines


def test_local_processes_keep_both_promises() -> None:
    local: Executor = LocalProcesses()
    assert isinstance(local, KeepsWorkers)


def test_lines_of_both_streams_come_in_order(tmp_path: Path) -> None:
    script = "echo one; echo two >&2; printf 'three\\r\\n'; printf 'no end'"
    assert run(["sh", "-c", script], tmp_path) == (0, ["one", "two", "three", "no end"])


def test_lines_come_while_it_works(tmp_path: Path) -> None:
    came: list[float] = []
    workload = Workload(["sh", "-c", "echo a; sleep 0.5; echo b"])
    run_to_end(workload, tmp_path, on_line=lambda _: came.append(time.monotonic()))
    assert came[1] - came[0] > 0.3


def test_a_hundred_thousand_lines_all_arrive(tmp_path: Path) -> None:
    code, lines = run(["seq", "100000"], tmp_path)
    assert code == 0
    assert lines == [str(number) for number in range(1, 100001)]


def test_text_that_is_not_utf8_does_no_harm(tmp_path: Path) -> None:
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
    assert Path(seen.pop(FOLDER_VARIABLE)).parent == tmp_path / ".datakit/runs"
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
        Process(["true"], tmp_path / "gone")


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
    workload = Workload([sys.executable, str(stubborn), str(pids), grandchild])
    with pytest.raises(Cancelled):
        run_to_end(workload, tmp_path, on_line=lambda _: None, cancel=cancel)
    assert len(pids_in(pids)) == 2
    assert not any(map(is_alive, pids_in(pids)))


def test_cancel_takes_less_than_five_seconds(tmp_path: Path, stubborn: Path) -> None:
    cancel = threading.Event()
    workload = Workload([sys.executable, str(stubborn), str(tmp_path / "pids"), "stay"])
    began: list[float] = []

    def on_line(_: str) -> None:
        began.append(time.monotonic())
        cancel.set()

    with pytest.raises(Cancelled):
        run_to_end(workload, tmp_path, on_line=on_line, cancel=cancel)
    assert time.monotonic() - began[0] < 5


def test_one_that_listens_to_signals_may_clean_up(tmp_path: Path) -> None:
    cancel = threading.Event()
    script = "trap 'touch cleaned; exit 0' TERM; echo ready; while :; do sleep 0.05; done"
    began = time.monotonic()
    with pytest.raises(Cancelled):
        run_to_end(Workload(["sh", "-c", script]), tmp_path, on_line=lambda _: cancel.set(), cancel=cancel)
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
        run_to_end(Workload([sys.executable, str(stubborn), str(pids)]), tmp_path, on_line=on_line)
    assert not any(map(is_alive, pids_in(pids)))


PARENT = """
    import sys
    from pathlib import Path
    from datakit_iac.executors.lines import Lines
    from datakit_iac.executors.local.processes import LocalProcesses
    from datakit_iac.executors.workload import Workload
    list(Lines(LocalProcesses(Path(sys.argv[1])).start(Workload([sys.executable, *sys.argv[2:]]))))
"""


def start_parent(folder: Path, *argv: str) -> subprocess.Popen[bytes]:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen([sys.executable, "-c", textwrap.dedent(PARENT), str(folder), *argv], env=env)


@pytest.mark.parametrize("grandchild", ["stay", "escape"])
def test_when_we_are_killed_the_family_goes_too(tmp_path: Path, stubborn: Path, grandchild: str) -> None:
    pids = tmp_path / "pids"
    with start_parent(tmp_path, str(stubborn), str(pids), grandchild) as parent:
        assert wait_for(lambda: len(pids_in(pids)) == 2)
        parent.kill()
    assert wait_for(lambda: not any(map(is_alive, pids_in(pids))), 5)


def guardian_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


def test_when_we_and_the_guardian_are_killed_the_child_goes_too(tmp_path: Path, stubborn: Path) -> None:
    pids = tmp_path / "pids"
    with start_parent(tmp_path, str(stubborn), str(pids)) as parent:
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


UPPER = """
    import json, os, sys
    for line in sys.stdin:
        asked = json.loads(line)
        print(os.getpid(), *asked["args"], asked["env"].get("WORD", ""), flush=True)
        if "die" in asked["args"]:
            os._exit(7)
        print("\\x1e" + json.dumps({"exit": 3 if "fail" in asked["args"] else 0}), flush=True)
"""


def worked(local: LocalProcesses, *words: str, **options: object) -> tuple[int, str, list[str]]:
    """Exit code, the worker's process, and what it said."""
    worker = [sys.executable, "-c", textwrap.dedent(UPPER)]
    execution = local.start(Workload([*worker, *words], worker=worker, **options))  # type: ignore[arg-type]
    try:
        lines = Lines(execution)
        said = " ".join(lines).split()
        return lines.exit_code, said[0], said[1:]
    finally:
        execution.cancel()


@pytest.fixture
def local(tmp_path: Path) -> Iterator[LocalProcesses]:
    made = LocalProcesses(tmp_path)
    yield made
    made.close()


def test_a_kept_worker_does_one_job_after_the_other(local: LocalProcesses) -> None:
    first = worked(local, "one", secret_env={"WORD": Secret("x")})
    assert (first[0], first[2]) == (0, ["one", "x"])
    assert worked(local, "fail") == (3, first[1], ["fail"])
    assert worked(local, "two") == (0, first[1], ["two"])


def test_a_worker_that_died_is_told_and_replaced(local: LocalProcesses) -> None:
    first = worked(local, "one")
    assert worked(local, "die") == (7, first[1], ["die"])
    assert worked(local, "two")[1] != first[1]


def test_a_worker_is_started_ahead_once_and_ends_with_the_executor(local: LocalProcesses) -> None:
    worker = [sys.executable, "-c", textwrap.dedent(UPPER)]
    for _ in range(2):
        local.warm(Workload(worker, worker=worker))
    _, pid, _ = worked(local, "one")
    assert is_alive(int(pid))
    local.close()
    assert not is_alive(int(pid))


def test_two_jobs_at_once_have_a_worker_each(local: LocalProcesses) -> None:
    worker = [sys.executable, "-c", textwrap.dedent(UPPER)]
    one = local.start(Workload([*worker, "one"], worker=worker))
    _, other, _ = worked(local, "two")
    assert next(iter(Lines(one))).split()[0] != other
    one.cancel()


def test_a_process_reads_and_answers_lines(tmp_path: Path) -> None:
    script = "import sys\nfor line in sys.stdin: print(line.strip().upper(), flush=True)"
    process = Process([sys.executable, "-c", script], tmp_path, listens=True)
    try:
        for word in ("one", "two"):
            process.send(word)
            while (answer := process.receive(10)) is None:
                pass
            assert answer == word.upper()
        assert process.receive(0.01) is None
    finally:
        process.stop()
    with pytest.raises(EOFError):
        process.send("three")
    with pytest.raises(EOFError):
        process.receive(1)


def test_nothing_stays_open_and_no_zombie_is_left(tmp_path: Path, local: LocalProcesses) -> None:
    def open_files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    def children() -> set[str]:
        return {pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}

    before, had = open_files(), children()
    for _ in range(5):
        run(["true"], tmp_path)
        worked(local, "one")
        local.close()
    with pytest.raises(FileNotFoundError):
        run(["no-such-thing"], tmp_path)
    assert open_files() == before
    assert children() == had
    assert [*(tmp_path / ".datakit/runs").iterdir()] == []


def test_files_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    script = ["sh", "-c", 'cat "$0"; stat -c %a "$0" "$1"', "$(DATAKIT_FOLDER)/deep/spec.yaml", "$(DATAKIT_FOLDER)"]
    assert run(script, tmp_path, files={"deep/spec.yaml": "a: 1\n"}) == (0, ["a: 1", "600", "700"])


def test_starting_waits_for_nothing(tmp_path: Path) -> None:
    def seconds() -> float:
        began = time.monotonic()
        run(["true"], tmp_path)
        return time.monotonic() - began

    assert min(seconds() for _ in range(10)) < 0.2


def test_a_process_of_a_caller_with_many_open_files_is_watched(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    many = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        process = Process(["sh", "-c", "echo one; sleep 600"], tmp_path)
        assert process.receive(30) == "one"
        assert process.stop() == -signal.SIGTERM
    finally:
        for each in many:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
