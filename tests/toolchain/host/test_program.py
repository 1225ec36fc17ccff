from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from datakit_iac.toolchain.host.program import Launch, user_traceback

LAUNCH = Launch(".", "/p", "/p", "app", "dev", "org", "a:1", "b:2", 4, True, ["x"], {"app:k": "v"}, ["app:k"])


def failure_of(path: Path, text: str) -> str:
    path.write_text(text)
    with pytest.raises(Exception) as caught:  # noqa: PT011
        runpy.run_path(str(path))
    # The first frame is this test's own, which is where the language host's would be.
    error = caught.value.with_traceback(caught.tb.tb_next)
    return user_traceback(error)


def test_a_launch_survives_the_way_to_another_interpreter() -> None:
    assert Launch.from_json(LAUNCH.to_json()) == LAUNCH


def test_a_traceback_starts_in_the_users_file(tmp_path: Path) -> None:
    told = failure_of(tmp_path / "__main__.py", "def f():\n    raise ValueError('bad')\nf()\n")

    assert "runpy" not in told
    assert told.count("  File ") == 2
    assert told.endswith("ValueError: bad\n")


def test_the_cause_of_an_error_is_told_the_same_way(tmp_path: Path) -> None:
    text = "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise RuntimeError('outer') from e\n"

    told = failure_of(tmp_path / "__main__.py", text)

    assert told.index("ZeroDivisionError") < told.index("RuntimeError: outer")
    assert "runpy" not in told


def test_a_syntax_error_shows_its_place_and_nothing_else(tmp_path: Path) -> None:
    told = failure_of(tmp_path / "__main__.py", "def f(:\n")

    assert told.count("  File ") == 1
    assert "line 1" in told
    assert "frozen" not in told
