"""Timing whole commands in turn, and writing down what came out."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

RESULTS: Final = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Spread:
    """Seconds of several runs of one side."""

    seconds: Sequence[float]

    @property
    def median(self) -> float:
        """The one in the middle."""
        return statistics.median(self.seconds)

    def __str__(self) -> str:
        """Median, and the fastest and slowest behind it."""
        return f"{self.median:.2f} s ({min(self.seconds):.2f} to {max(self.seconds):.2f})"


def in_turn(sides: Mapping[str, Callable[[], float]], runs: int) -> dict[str, Spread]:
    """Run every side `runs` times, A B C A B C …, so that a machine's moods fall on all alike.

    Each side returns the seconds it took; what it does before and after is not counted.
    """
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(runs):
        for name, side in sides.items():
            seconds[name].append(side())
            print(f"  {turn + 1}/{runs} {name}: {seconds[name][-1]:.2f} s", file=sys.stderr, flush=True)
    return {name: Spread(taken) for name, taken in seconds.items()}


def watched(side: Callable[[], float], used: list[float]) -> float:
    """What a side returns; the processor time of the processes that it waited for is added to `used`."""
    before = os.times()
    taken = side()
    after = os.times()
    used.append(after.children_user + after.children_system - before.children_user - before.children_system)
    return taken


def timed(command: Sequence[str | Path], cwd: Path, env: Mapping[str, str] | None = None) -> float:
    """The seconds of one command, which must succeed."""
    begun = time.perf_counter()
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True, text=True, check=False
    )
    taken = time.perf_counter() - begun
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return taken


def record(
    name: str,
    spreads: Mapping[str, Spread],
    ratios: Mapping[str, float],
    packages: Sequence[str],
    further: Mapping[str, float] | None = None,
) -> None:
    """Write figures, versions and cores to `results/NAME.json`, and print them."""
    result: dict[str, Any] = {
        "seconds": {side: list(spread.seconds) for side, spread in spreads.items()},
        "medians": {side: spread.median for side, spread in spreads.items()},
        "ratios": dict(ratios),
        **(further or {}),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": {package: _version(package) for package in packages},
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=2) + "\n")
    for side, spread in spreads.items():
        print(f"{side:<40} {spread}")
    for figure, value in {**ratios, **(further or {})}.items():
        print(f"{figure:<40} {value:.2f}")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
