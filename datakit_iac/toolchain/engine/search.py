"""Locating or installing an engine: PATH, our cache, the official installer, a build. Each attempt is reported."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from datakit_iac.toolchain.engine import build, cache, install, wrapper
from datakit_iac.toolchain.engine.probe import MINIMUM, Attempt, Engine, Way, probe
from datakit_iac.toolchain.errors import ToolchainError


@dataclass(frozen=True)
class Search:
    """What came of looking for an engine.

    Attributes:
        attempts: Every place looked at, in order.
    """

    attempts: tuple[Attempt, ...]

    @property
    def engine(self) -> Engine | None:
        """The engine found, if one was."""
        return next((attempt.engine for attempt in self.attempts if attempt.engine), None)


def look(env: Mapping[str, str]) -> Search:
    """Look for an engine that is on the machine already; nothing is downloaded or changed."""
    attempts: list[Attempt] = []
    for found in (_on_path, _in_cache):
        attempts += found(env)
        if attempts[-1].engine:
            break
    return Search(tuple(attempts))


def obtain(python: Path, env: Mapping[str, str]) -> Search:
    """Find an engine, or install one.

    Args:
        python: An interpreter that has Pulumi's SDK, for the official installer.
        env: The environment: `PATH`, `DATAKIT_CACHE`, `DATAKIT_INSTALLER_TIMEOUT`.

    Returns:
        A search whose `engine` is set.

    Raises:
        ToolchainError: No way led to one; the message lists each with its outcome.
    """
    search = look(env)
    if search.engine:
        return search
    with cache.only_one(cache.engines_folder(env)):
        return _make(search, python, env)


def _make(search: Search, python: Path, env: Mapping[str, str]) -> Search:
    attempts = list(search.attempts)
    # Another set-up may have filled the cache while we waited for the lock.
    for way in (_in_cache, lambda env: [install.install(python, env)], lambda env: [build.build(env)]):
        attempts += way(env)
        if attempts[-1].engine:
            return Search(tuple(attempts))
    raise _none_found(attempts)


def _on_path(env: Mapping[str, str]) -> list[Attempt]:
    attempts = []
    for folder in env.get("PATH", "").split(os.pathsep):
        executable = Path(folder) / "pulumi"
        if not folder or not os.access(executable, os.X_OK) or executable.is_dir():
            continue
        if wrapper.is_ours(executable):
            continue
        attempts.append(probe(executable, Way.PATH, env))
        if attempts[-1].engine:
            break
    return attempts or [Attempt(Way.PATH, "its folders", "no `pulumi` there")]


def _in_cache(env: Mapping[str, str]) -> list[Attempt]:
    folder = cache.engines_folder(env)
    attempts = []
    for executable in cache.cached_executables(folder):
        attempts.append(probe(executable, Way.CACHE, env))
        if attempts[-1].engine:
            break
    return attempts or [Attempt(Way.CACHE, str(folder), "no engine there")]


def _none_found(attempts: list[Attempt]) -> ToolchainError:
    return ToolchainError(
        "there is no Pulumi engine, and none could be made",
        expected=f"`pulumi` v{MINIMUM} or newer on PATH, or Go to build it with",
        fix="install Pulumi (its site has the installers; Homebrew and others have it too) or Go, "
        "put it on PATH, and run it again",
        details=tuple(f"{attempt.way}: {attempt.where}: {attempt.outcome}" for attempt in attempts),
    )
