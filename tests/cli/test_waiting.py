"""A sign of life while one waits: on a terminal, after a second, and gone at the end."""

from __future__ import annotations

import io
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from datakit_iac.cli import main
from datakit_iac.cli.waiting import waiting
from datakit_iac.manifest import load
from tests.cli.test_terminal import Terminal

CLEARED = "\r\x1b[K"


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal on standard error, whose seconds are short."""
    made = Terminal()
    monkeypatch.setattr("datakit_iac.cli.waiting.sys", SimpleNamespace(stderr=made))
    monkeypatch.setattr("datakit_iac.cli.waiting._SECOND", 0.01)
    monkeypatch.setenv("TERM", "xterm")
    return made


def until(screen: Terminal, text: str) -> None:
    """Wait for a text on the screen."""
    deadline = time.monotonic() + 20
    while text not in screen.getvalue():
        assert time.monotonic() < deadline, f"{text!r} is not shown"
        time.sleep(0.01)


def test_what_takes_long_is_told_and_then_cleared(screen: Terminal) -> None:
    with waiting("counting sheep"):
        until(screen, "3 s")
    told = screen.getvalue().split(CLEARED)
    assert told[:4] == ["", "counting sheep … 1 s", "counting sheep … 2 s", "counting sheep … 3 s"]
    assert told[-1] == "", "the line is empty at the end"
    assert "\n" not in screen.getvalue()


def test_a_fault_clears_it_too(screen: Terminal) -> None:
    def fail() -> None:
        with waiting("counting sheep"):
            until(screen, "1 s")
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        fail()
    assert screen.getvalue().endswith(CLEARED)


def test_a_line_is_no_longer_than_the_terminal_is_wide(screen: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    with waiting("counting sheep " * 5):
        until(screen, CLEARED)
    assert max(map(len, screen.getvalue().split(CLEARED))) == 19


def test_what_is_quick_says_nothing(screen: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datakit_iac.cli.waiting._SECOND", 60.0)
    with waiting("counting sheep"):
        pass
    assert screen.getvalue() == ""


@pytest.mark.parametrize(("stream", "term"), [(io.StringIO(), "xterm"), (Terminal(), "dumb")])
def test_elsewhere_nothing_is_said(
    monkeypatch: pytest.MonkeyPatch, screen: Terminal, stream: io.StringIO, term: str
) -> None:
    monkeypatch.setattr("datakit_iac.cli.waiting.sys", SimpleNamespace(stderr=stream))
    monkeypatch.setenv("TERM", term)
    with waiting("counting sheep"):
        time.sleep(0.1)
    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    "words",
    ["lint", "validate", "lock", "lock --check", "env show dev", "dataset list", "dataset validate", "pipeline show"],
)
def test_the_commands_that_read_a_project_tell(
    project: Path, capsys: pytest.CaptureFixture[str], screen: Terminal, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = load.read

    def slow(root: Path) -> Any:
        until(screen, CLEARED)
        return read(root)

    monkeypatch.setattr(load, "read", slow)
    main(words.split())
    assert " … 1 s" in screen.getvalue()
    assert " … " not in capsys.readouterr().out
