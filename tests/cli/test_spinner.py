"""A sign of life while one waits: on a terminal, after a second, and gone at the end."""

from __future__ import annotations

import io
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from datakit_iac.cli import main
from datakit_iac.cli.output.spinner import waiting
from datakit_iac.manifest.loading import loader

CLEARED = "\r\x1b[K"


class Screen:
    """A terminal: what is written to its stream, and what has been shown on it."""

    def __init__(self) -> None:
        self._end, inner = os.openpty()
        os.set_blocking(self._end, False)
        self.stream = os.fdopen(inner, "w")
        self._shown = b""

    @property
    def shown(self) -> str:
        try:
            while piece := os.read(self._end, 4096):
                self._shown += piece
        except BlockingIOError:
            pass
        return self._shown.decode()

    def until(self, text: str) -> None:
        """Wait for a text."""
        deadline = time.monotonic() + 20
        while text not in self.shown:
            assert time.monotonic() < deadline, f"{text!r} is not shown"
            time.sleep(0.01)

    def close(self) -> None:
        self.stream.close()
        os.close(self._end)


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    """A terminal on standard error, whose seconds are short."""
    made = Screen()
    seen = SimpleNamespace(stderr=made.stream, platform="linux")
    monkeypatch.setattr("datakit_iac.cli.output.spinner.sys", seen)
    monkeypatch.setattr("datakit_iac.cli.output.spinner._SECOND", 0.02)
    monkeypatch.setenv("TERM", "xterm")
    yield made
    made.close()


def test_what_takes_long_is_told_and_then_cleared(screen: Screen) -> None:
    with waiting("counting sheep"):
        screen.until("3 s")
    told = screen.shown.split(CLEARED)
    assert told[:4] == ["", "counting sheep … 1 s", "counting sheep … 2 s", "counting sheep … 3 s"]
    assert told[-1] == "", "the line is empty at the end"
    assert "\n" not in screen.shown


def test_a_fault_clears_it_too(screen: Screen) -> None:
    def fail() -> None:
        with waiting("counting sheep"):
            screen.until("1 s")
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        fail()
    assert screen.shown.endswith(CLEARED)


def test_afterwards_nothing_rings(screen: Screen) -> None:
    before = signal.getsignal(signal.SIGALRM)
    with waiting("counting sheep"):
        assert signal.getsignal(signal.SIGALRM) is not before
    assert (signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)) == (before, (0.0, 0.0))


def test_no_thread_is_started_beside_which_no_second_process_could_read(screen: Screen) -> None:
    threads = threading.active_count()
    with waiting("counting sheep"):
        assert threading.active_count() == threads


def test_a_line_is_no_longer_than_the_terminal_is_wide(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    with waiting("counting sheep " * 5):
        screen.until(CLEARED)
    assert max(map(len, screen.shown.split(CLEARED))) == 19


def test_what_is_quick_says_nothing(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datakit_iac.cli.output.spinner._SECOND", 60.0)
    with waiting("counting sheep"):
        pass
    assert screen.shown == ""


def test_a_terminal_that_cannot_clear_a_line_is_told_nothing(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    with waiting("counting sheep"):
        time.sleep(0.1)
    assert screen.shown == ""


def test_what_is_no_terminal_is_told_nothing(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr("datakit_iac.cli.output.spinner.sys.stderr", stream)
    with waiting("counting sheep"):
        time.sleep(0.1)
    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    "words",
    ["lint", "validate", "lock", "lock --check", "env show dev", "dataset list", "dataset validate", "pipeline show"],
)
def test_the_commands_that_read_a_project_tell(
    project: Path, capsys: pytest.CaptureFixture[str], screen: Screen, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = loader.read

    def slow(root: Path, **options: Any) -> Any:
        screen.until(" … 1 s")
        return read(root, **options)

    monkeypatch.setattr(loader, "read", slow)
    main(words.split())
    assert screen.shown.endswith(CLEARED)
    assert " … " not in capsys.readouterr().out
