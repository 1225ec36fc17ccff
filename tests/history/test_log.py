"""Logs of Runs."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from datakit_iac.history.log import LARGEST, Log, followed, is_held, swept


def test_a_log_has_each_line_with_its_time_and_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    log = Log(tmp_path / "logs/a.log")
    log.write("one")
    log.write("two")
    log.close()
    assert [line.split(" ", 1)[1] for line in log.path.read_text().splitlines()] == ["one", "two"]
    assert log.path.stat().st_mode & 0o777 == 0o600


def test_of_a_log_that_floods_the_beginning_and_the_end_are_kept(tmp_path: Path) -> None:
    log = Log(tmp_path / "a.log")
    for number in range(100_000):
        log.write(f"{number} {'x' * 1000}")
    log.write("the end")
    log.close()
    text = log.path.read_text()
    assert len(text) < LARGEST + (1 << 17)
    lines = text.splitlines()
    assert lines[0].split(" ")[1] == "0"
    assert "(the log is larger than 10 MiB: its middle is left out)" in lines
    assert lines[-1].endswith(" the end")


def test_a_log_on_a_full_disk_is_given_up() -> None:
    log = Log(Path("/dev/full"))
    log.write("one")
    log.write("two")
    log.close()
    assert log.fault == "the log /dev/full cannot be written any more: No space left on device"


def test_a_log_is_followed_until_its_run_is_over(tmp_path: Path) -> None:
    log = Log(tmp_path / "a.log")
    found: list[str] = []
    follower = threading.Thread(target=lambda: found.extend(followed(log.path, pause=0.01)))
    follower.start()
    log.write("one")
    while not found:
        time.sleep(0.01)
    assert follower.is_alive()
    log.write("two")
    log.close()
    follower.join(30)
    assert [line.split(" ", 1)[1] for line in found] == ["one", "two"]


def test_old_logs_go_and_those_of_runs_that_live_stay(tmp_path: Path) -> None:
    old, held, young = (Log(tmp_path / f"{name}.log") for name in ("old", "held", "young"))
    old.close()
    young.close()
    for each in (old, held):
        os.utime(each.path, (0, 0))
    swept(tmp_path, 3600)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["held.log", "young.log"]
    assert (is_held(str(held.path)), is_held(str(young.path)), is_held(str(old.path))) == (True, False, None)
    held.close()
