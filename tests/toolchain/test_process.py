from __future__ import annotations

import os
import time
from pathlib import Path

from datakit_iac.toolchain import process


def test_a_command_that_succeeds_keeps_its_last_lines() -> None:
    ended = process.run(["sh", "-c", "seq 1 30; echo oops >&2"])

    assert ended.is_fine
    assert ended.tail[-1] == "oops"
    assert len(ended.tail) == 12


def test_lines_are_handed_on_as_they_come() -> None:
    seen: list[str] = []

    process.run(["sh", "-c", "echo one; echo; echo two"], on_line=seen.append)

    assert seen == ["one", "two"]


def test_a_time_out_stops_grandchildren_too(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"

    ended = process.run(["sh", "-c", f"sleep 60 & echo $! > {pid_file}; wait"], timeout=0.5)

    assert ended.timed_out
    assert not ended.is_fine
    _assert_gone(int(pid_file.read_text()))


def test_a_child_that_ignores_the_first_signal_is_killed() -> None:
    began = time.monotonic()

    ended = process.run(["sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"], timeout=0.3)

    assert ended.timed_out
    assert time.monotonic() - began < 10


def _assert_gone(pid: int) -> None:
    for _ in range(50):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.1)
    raise AssertionError(f"process {pid} is still there")
