"""The figures in the README are those of the last measurements."""

from __future__ import annotations

from pathlib import Path

from benchmarks.__main__ import table


def test_the_readme_shows_the_last_results() -> None:
    readme = Path(__file__).parents[2] / "README.md"
    assert table() in readme.read_text(encoding="utf-8")
