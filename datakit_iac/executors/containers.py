"""Container engines of this machine: docker, or else podman."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

VARIABLES: Final = ("DOCKER_", "CONTAINER", "XDG_")
"""How the names of the variables begin by which an engine's client finds its engine and its settings."""

_ASKED: Final[dict[str, list[str]]] = {
    "docker": ["version", "--format", "{{.Server.Version}}"],
    "podman": ["version", "--format", "{{.Client.Version}}"],
}
_PATIENCE: Final = 20.0


@dataclass(frozen=True, slots=True)
class Engine:
    """One that answers.

    Attributes:
        name: ``docker`` or ``podman``.
        path: its client.
    """

    name: str
    path: str

    def digest(self, image: str) -> str:
        """The digest of an image that is on this machine, by its registry or else its own; empty where it is not."""
        code, said = _said([self.path, "image", "inspect", "--format", "{{json .RepoDigests}} {{.Id}}", image])
        if code:
            return ""
        digests, _, identity = said.rpartition(" ")
        known = sorted(each.partition("@")[2] for each in json.loads(digests) or ())
        return known[0] if known else identity


def engine() -> Engine | None:
    """The first that answers."""
    found = _found(os.environ.get("PATH", ""), os.environ.get("DOCKER_HOST", ""))[0]
    if found is None:
        _found.cache_clear()  # one may be started at any time
    return found


def missing() -> str:
    """What was looked for, where none answers."""
    return "; ".join(_found(os.environ.get("PATH", ""), os.environ.get("DOCKER_HOST", ""))[1])


@functools.lru_cache(maxsize=8)
def _found(path: str, host: str) -> tuple[Engine | None, tuple[str, ...]]:
    reasons = []
    for name, arguments in _ASKED.items():
        if (client := shutil.which(name, path=path)) is None:
            reasons.append(f"{name} is not on PATH")
            continue
        code, said = _said([client, *arguments])
        if not code:
            return Engine(name, client), ()
        lines = said.splitlines()
        reasons.append(f"{client} does not answer{f' ({lines[-1]})' if lines else ''}")
    return None, tuple(reasons)


def _said(command: Sequence[str]) -> tuple[int, str]:
    """The exit code of a client, and what it said: on stdout where it succeeded."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired) as fault:
        return 1, str(fault)
    return done.returncode, (done.stderr if done.returncode else done.stdout).strip()
