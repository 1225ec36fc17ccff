"""What every executor does alike, as a suite that its author's tests inherit.

>>> from pathlib import Path
>>> from datakit_iac.sdk.executors import Executor, LocalProcesses
>>> from datakit_iac.testing import ExecutorSuite
>>> class TestLocal(ExecutorSuite):
...     @pytest.fixture
...     def executor(self, tmp_path: Path) -> Executor:
...         return LocalProcesses(tmp_path)
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any, ClassVar, Final

import pytest

from datakit_iac.executors.lines import Lines
from datakit_iac.executors.protocol import Cancelled, Executor, KeepsWorkers, LimitExceededError
from datakit_iac.executors.workload import FOLDER, Workload
from datakit_iac.manifest.values.secret import Secret

_STUBBORN: Final = 'trap "" TERM INT HUP; sh -c "trap \\"\\" TERM INT HUP; sleep 600" & echo $$ $!; wait; wait'
"""A process and its child that ignore every polite signal."""

_WORKER: Final = ("sh", "-c", 'while read -r line; do echo "$$ $line"; printf \'\\036{"exit": 3}\\n\'; done')
"""A worker that says its process and what it was asked."""


class ExecutorSuite:
    """The conformance suite: a class of tests that inherits it gives the fixture `executor`.

    Attributes:
        apart: seconds between two lines that come one after the other; more where a workload is reached late.
    """

    apart: ClassVar[float] = 0.5

    @pytest.fixture
    def executor(self) -> Executor:
        """The executor under test."""
        raise NotImplementedError("give the fixture `executor`, which returns an Executor")

    def test_lines_of_both_streams_come_in_order(self, executor: Executor) -> None:
        script = "echo one; echo two >&2; printf 'three\\r\\n'; printf 'no end'"
        assert _ran(executor, script) == (0, ["one", "two", "three", "no end"])

    def test_lines_come_while_it_works(self, executor: Executor) -> None:
        came: list[float] = []
        _ran(executor, f"echo a; sleep {self.apart}; echo b", on_line=lambda _: came.append(time.monotonic()))
        assert came[1] - came[0] > 0.3

    def test_a_hundred_thousand_lines_all_arrive(self, executor: Executor) -> None:
        code, lines = _ran(executor, "seq 100000")
        assert code == 0
        assert lines == [str(number) for number in range(1, 100001)]

    def test_text_that_is_not_utf8_does_no_harm(self, executor: Executor) -> None:
        assert _ran(executor, r"printf 'caf\351\n'") == (0, ["caf\N{REPLACEMENT CHARACTER}"])

    @pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 3", 3)])
    def test_the_exit_code_is_that_of_the_program(self, executor: Executor, script: str, code: int) -> None:
        assert _ran(executor, script) == (code, [])

    def test_it_has_no_exit_code_while_it_runs_and_no_lines_after_its_end(self, executor: Executor) -> None:
        execution = executor.start(Workload(["sh", "-c", "echo one; sleep 1"]))
        try:
            assert (execution.exit_code, execution.status == "ended") == (None, False)
            assert list(Lines(execution)) == ["one"]
            assert (execution.exit_code, execution.status) == (0, "ended")
            with pytest.raises(EOFError):
                execution.receive(1)
        finally:
            execution.cancel()

    def test_a_job_sees_what_it_declares_and_what_is_fixed(
        self, executor: Executor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "ours")
        monkeypatch.setenv("TZ", "Asia/Tokyo")
        script = 'echo "$TZ $LANG $A $B ${PULUMI_CONFIG_PASSPHRASE-none}"'
        assert _ran(executor, script, env={"A": "1"}, secret_env={"B": Secret("2")}) == (0, ["UTC C.UTF-8 1 2 none"])
        assert _ran(executor, "echo $TZ", env={"TZ": "Asia/Tokyo"})[1] == ["Asia/Tokyo"]

    def test_its_files_are_in_its_folder_for_its_owner_only(self, executor: Executor) -> None:
        files = {"deep/spec.yaml": "a: 1\n"}
        script = 'cat "$0/deep/spec.yaml"; ls -l "$0/deep/spec.yaml" | cut -c1-10; cd "$DATAKIT_FOLDER" && touch new'
        workload = Workload(["sh", "-c", script, FOLDER], files=files)
        code, said = _ended(executor, workload)
        assert (code, said[:1]) == (0, ["a: 1"])
        # Where nobody else has the folder, its group is nobody else either.
        assert said[1:] == ["-rw-------"] or (not executor.capabilities.shares_filesystem and said[1].endswith("----"))
        assert _ended(executor, Workload(["sh", "-c", 'ls "$0"', FOLDER])) == (0, [])

    def test_arguments_name_variables_that_are_not_secrets(self, executor: Executor) -> None:
        names = ["$(A)", "$(B)", "$(C)", "$A"]
        workload = Workload(["printf", "%s\\n", *names], env={"A": "one"}, secret_env={"B": Secret("two")})
        assert _ended(executor, workload)[1] == ["one", "$(B)", "$(C)", "$A"]

    def test_stdin_is_empty(self, executor: Executor) -> None:
        assert _ran(executor, "cat") == (0, [])

    def test_a_missing_program_is_named(self, executor: Executor) -> None:
        with pytest.raises(FileNotFoundError, match="no-such-thing"):
            _ended(executor, Workload(["no-such-thing"]))

    def test_cancel_ends_a_family_that_ignores_signals_within_five_seconds(self, executor: Executor) -> None:
        execution = executor.start(Workload(["sh", "-c", _STUBBORN]))
        cancelled = threading.Event()
        lines = iter(Lines(execution, cancel=cancelled))
        try:
            pids = [int(each) for each in next(lines).split()]
            cancelled.set()
            with pytest.raises(Cancelled):
                next(lines)
        finally:
            began = time.monotonic()
            execution.cancel()
        assert time.monotonic() - began < 5
        assert execution.status == "ended"
        assert execution.exit_code != 0
        assert not executor.capabilities.shares_filesystem or not any(map(_is_alive, pids))
        execution.cancel()

    def test_what_a_program_leaves_behind_is_ended(self, executor: Executor) -> None:
        code, lines = _ran(executor, "sleep 600 & echo $!; exit 4")
        assert code == 4
        assert not executor.capabilities.shares_filesystem or not _is_alive(int(lines[0]))

    def test_the_time_out_ends_it(self, executor: Executor) -> None:
        with pytest.raises(TimeoutError, match=r"within 0\.5 s"):
            _ended(executor, Workload(["sh", "-c", _STUBBORN], timeout=0.5))

    def test_more_memory_than_its_limit_ends_it_where_that_is_kept(self, executor: Executor) -> None:
        if "limits.memory" not in executor.capabilities.resources:
            return
        script = "import time; kept = bytearray(int(__import__('sys').argv[1]) << 20); time.sleep(1); print('done')"
        # In a child, so that the whole family counts.
        argv = ["sh", "-c", 'python3 -c "$0" "$1"; echo $?', script]
        limited: dict[str, Any] = {"resources": {"limits": {"memory": "100Mi"}}}
        assert _ended(executor, Workload([*argv, "10"], **limited)) == (0, ["done", "0"])
        with pytest.raises(LimitExceededError, match="100Mi"):
            _ended(executor, Workload([*argv, "200"], **limited))

    def test_two_run_at_a_time(self, executor: Executor) -> None:
        executions = [executor.start(Workload(["sh", "-c", f"sleep 0.5; echo {word}"])) for word in ("one", "two")]
        try:
            assert [list(Lines(each)) for each in executions] == [["one"], ["two"]]
        finally:
            for each in executions:
                each.cancel()

    def test_a_worker_does_one_job_after_the_other(self, executor: Executor) -> None:
        said = []
        for word in ("one", "two"):
            code, lines = _ended(executor, Workload([*_WORKER, word], worker=_WORKER))
            assert not isinstance(executor, KeepsWorkers) or (code, f'"args": ["{word}"]' in lines[0]) == (3, True)
            said += [line.split()[0] for line in lines]
        if isinstance(executor, KeepsWorkers):
            assert len({*said}) == 1
            executor.close()
            assert not _is_alive(int(said[0]))


def _ran(
    executor: Executor, script: str, on_line: Callable[[str], None] = lambda _: None, **more: Any
) -> tuple[int, list[str]]:
    return _ended(executor, Workload(["sh", "-c", script], **more), on_line)


def _ended(
    executor: Executor, workload: Workload, on_line: Callable[[str], None] = lambda _: None
) -> tuple[int, list[str]]:
    execution = executor.start(workload)
    try:
        lines, said = Lines(execution, timeout=workload.timeout), []
        for line in lines:
            on_line(line)
            said.append(line)
        return lines.exit_code, said
    finally:
        execution.cancel()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
