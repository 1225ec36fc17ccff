"""The Pulumi engine: which version we need, and whether an executable is one."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

MINIMUM: Final = "3.259.0"
"""The oldest engine that is accepted, and the one that is built where there is none."""

_VERSION = re.compile(r"^v?(\d+)\.(\d+)\.(\d+)(?:[-+][\w.+-]*)?$")
_ASKING_TAKES_AT_MOST: Final = 30.0


class Way(StrEnum):
    """The ways to get an engine, in the order they are tried."""

    PATH = "PATH"
    CACHE = "cache"
    INSTALLER = "installer"
    BUILD = "build"


@dataclass(frozen=True)
class Engine:
    """An engine that can be used.

    Attributes:
        path: Its executable, `pulumi`.
        version: Its version without the `v`.
        way: How it was obtained.
    """

    path: Path
    version: str
    way: Way

    @property
    def language_host(self) -> Path | None:
        """The official Python language host beside the engine, if it came with one."""
        beside = self.path.resolve().parent / "pulumi-language-python"
        return beside if os.access(beside, os.X_OK) else None


@dataclass(frozen=True)
class Attempt:
    """One way that was tried: where it looked, what it found.

    Attributes:
        way: The way.
        where: The place looked at, or the command run.
        outcome: What was found there.
        engine: The engine, if this way gave one.
    """

    way: Way
    where: str
    outcome: str
    engine: Engine | None = None


def parse(version: str) -> tuple[int, int, int] | None:
    """The three numbers of a version, or None where it is none."""
    match = _VERSION.match(version.strip())
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def is_new_enough(version: str) -> bool:
    """Whether an engine of this version is accepted: the minimum or newer, of the same major version."""
    numbers, least = parse(version), parse(MINIMUM)
    return numbers is not None and least is not None and numbers[0] == least[0] and numbers >= least


def probe(executable: Path, way: Way, env: Mapping[str, str] | None = None) -> Attempt:
    """Ask an executable for its version.

    Returns:
        What it answered; `engine` is set where it is an engine that is new enough.
    """
    where = str(executable)
    try:
        answer = subprocess.run(
            [executable, "version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_ASKING_TAKES_AT_MOST,
            env={**(os.environ if env is None else env), "PULUMI_SKIP_UPDATE_CHECK": "1"},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Attempt(way, where, f"cannot be run: {error}")
    version = answer.stdout.strip()
    if answer.returncode != 0 or parse(version) is None:
        said = (version or answer.stderr.strip() or "nothing").splitlines()[0]
        return Attempt(way, where, f"`pulumi version` ended with {answer.returncode} and said: {said}")
    if not is_new_enough(version):
        return Attempt(way, where, f"{version} is there, v{MINIMUM} or newer of the same major is needed")
    return Attempt(way, where, version, Engine(executable, version.removeprefix("v"), way))
