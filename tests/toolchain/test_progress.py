from __future__ import annotations

import io
import time

import pytest

from datakit_iac.toolchain.progress import Step


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_off_a_terminal_a_step_is_a_line_at_each_end_and_signs_of_life_between() -> None:
    out = io.StringIO()

    with Step("engine", "compiling", stream=out, every=0.05) as step:
        step.note("3 of 7 packages")
        time.sleep(0.12)
        step.finish("built")

    lines = out.getvalue().splitlines()
    assert lines[0].split() == ["engine", "compiling", "…"]
    assert lines[1].endswith("compiling … 0 s: 3 of 7 packages")
    assert lines[-1].split() == ["engine", "built"]


def test_on_a_terminal_a_step_is_one_line() -> None:
    out = Terminal()

    with Step("engine", "compiling", stream=out, every=0.05) as step:
        time.sleep(0.12)
        step.finish("built")

    assert out.getvalue().count("\n") == 1
    assert out.getvalue().rpartition("\r")[2] == "\x1b[2K  engine           built\n"


def test_a_step_that_raises_says_that_it_failed() -> None:
    out = io.StringIO()

    with pytest.raises(ValueError, match="x"), Step("engine", "compiling", stream=out):
        raise ValueError("x")

    assert out.getvalue().splitlines()[-1].split() == ["engine", "failed"]
