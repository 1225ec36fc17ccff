"""Colour on a terminal, and nowhere else."""

from __future__ import annotations

import io

import pytest

from datakit_iac.cli.output.terminal import paint


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")


def test_a_terminal_gets_colour() -> None:
    assert paint(Terminal())("no", "red") == "\x1b[31mno\x1b[0m"


def test_a_pipe_does_not() -> None:
    assert paint(io.StringIO())("no", "red") == "no"


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_who_wants_none_gets_none(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    assert paint(Terminal())("no", "red") == "no"
