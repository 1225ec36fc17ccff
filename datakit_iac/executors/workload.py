"""A workload: all that an executor must know to run a job, as plain data."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Final

from datakit_iac.manifest.values.secret import Secret

FOLDER_VARIABLE: Final = "DATAKIT_FOLDER"
"""The variable that names the folder of the workload, on every executor."""

FOLDER: Final = f"$({FOLDER_VARIABLE})"
"""What an argument says for the folder of the workload: it is empty but for its `files`, and gone after it."""

RUN_VARIABLE: Final = "DK_RUN_ID"
"""The variable with the Run's identifier in the history; it is another each time, and so not part of a `key`."""

_VARIABLE: Final = re.compile(r"\$\((\w+)\)")


@dataclass(frozen=True, slots=True)
class Workload:
    r"""What an executor runs. It can be printed: the value of a secret is in no text of it.

    >>> from datakit_iac.manifest.values.secret import Secret
    >>> sync = Workload(["sync", f"{FOLDER}/spec.yaml"], secret_env={"TOKEN": Secret("x")}, files={"spec.yaml": "a: 1"})
    >>> print(sync)
    sync spec.yaml (files: spec.yaml; secrets: TOKEN)

    Attributes:
        argv: program and arguments, never a secret among them. ``$(NAME)`` is the value of a variable of `env`, as in
            Kubernetes; `FOLDER` is one.
        env: variables of the process, on top of those of the machine (`executors.variables`).
        secret_env: those whose values are secrets.
        files: texts by path relative to the workload's folder, readable by its owner only; never a secret in them.
        needs: the `Capabilities` that an executor must have, by name, each with the reason.
        worker: the first arguments of `argv`, where these alone start a process that does one job after the other: for
            each it reads a line ``{"args": […], "env": {…}}``, which has the rest of `argv` and all variables, and ends
            its own lines with ``\x1e{"exit": 0}``.
        name: the Transform's.
        identity: the same where the same Run is tried again.
        timeout: seconds until it is stopped; None for no limit.
        retries: how many times it is started again where it failed; `runtimes.execution` does that, no executor.
        image: the container image to run in, where the executor runs images; empty for none. Without `argv`, it knows
            what it runs.
        resources: `requests` and `limits`, as Kubernetes writes them: ``{"limits": {"memory": "512Mi"}}``.
        inherits: the variables of the caller's environment by which a program signs in, given to it where they are set;
            an executor of other machines signs in by what these have.
    """

    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    secret_env: Mapping[str, Secret] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    needs: Mapping[str, str] = field(default_factory=dict)
    worker: Sequence[str] = ()
    name: str = "job"
    identity: str = ""
    timeout: float | None = None
    retries: int = 0
    image: str = ""
    resources: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    inherits: frozenset[str] = frozenset()

    @property
    def document(self) -> dict[str, Any]:
        """The workload as JSON has it: of secrets, the names."""
        return {
            "name": self.name,
            "identity": self.identity,
            "image": self.image,
            "argv": [*self.argv],
            "worker": [*self.worker],
            "env": dict(self.env),
            "secretEnv": sorted(self.secret_env),
            "files": dict(self.files),
            "needs": dict(self.needs),
            "timeout": self.timeout,
            "retries": self.retries,
            "resources": {part: dict(amounts) for part, amounts in self.resources.items()},
            "inherits": sorted(self.inherits),
        }

    @property
    def key(self) -> str:
        """A digest of its content: two workloads with one key are the same run, so one of them is enough."""
        env = {name: value for name, value in self.env.items() if name != RUN_VARIABLE}
        content = json.dumps({**self.document, "env": env}, sort_keys=True).encode()
        return f"{self.name}-{hashlib.blake2b(content, digest_size=8).hexdigest()}"

    def expanded(self, folder: PurePath) -> list[str]:
        """The arguments with each ``$(NAME)`` of a variable replaced, the folder's among them; others are left."""
        known = {**self.env, FOLDER_VARIABLE: str(folder)}
        return [_VARIABLE.sub(lambda found: known.get(found[1], found[0]), each) for each in self.argv]

    def __str__(self) -> str:
        """What would run, in one line for people: programs and files by their names."""
        shown = [_short(each) for each in self.argv]
        parts = {
            "image": [self.image] if self.image else [],
            "files": [*self.files],
            "env": sorted(self.env),
            "secrets": sorted(self.secret_env),
            **{part: [f"{name} {each}" for name, each in amounts.items()] for part, amounts in self.resources.items()},
            "timeout": [] if self.timeout is None else [f"{self.timeout:g} s"],
            "retries": [str(self.retries)] if self.retries else [],
        }
        further = "; ".join(f"{word}: {', '.join(each)}" for word, each in parts.items() if each)
        return " ".join(shown) + (f" ({further})" if further else "")


def _short(argument: str) -> str:
    name, sign, value = argument.partition("=")
    if sign:
        return f"{name}={_short(value)}"
    return PurePath(argument).name if argument.startswith(("/", "$(")) else argument
