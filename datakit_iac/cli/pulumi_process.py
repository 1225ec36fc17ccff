"""Running the real `pulumi` for `dk plan`, `dk apply` and `dk destroy`.

It is a plain child process on our own terminal, not the SDK's Automation API. The API reads the engine's output
through pipes, so that the live display, its prompts and its colours are lost, and takes its errors for exceptions;
importing it costs half a second more. A child on the terminal behaves as if it had been typed: Ctrl-C reaches the
engine itself, which cancels in order, and its exit code is ours.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Final, Self

from datakit_iac.cli.project_scope import pulumi_folder
from datakit_iac.toolchain import commands, policy_pack
from datakit_iac.toolchain.engine import wrapper
from datakit_iac.toolchain.errors import ToolchainError
from datakit_iac.toolchain.setup import project

_STDERR: Final = 2
"""Standard error as the child knows it."""


def add_environment(parser: ArgumentParser) -> None:
    """Add `--env`."""
    parser.add_argument("--env", default="dev", metavar="ENV", help="the environment, and so the stack (default: dev)")


def add_yes(parser: ArgumentParser) -> None:
    """Add `--yes`."""
    parser.add_argument("--yes", action="store_true", help="do not ask before going on")


def add_config_file(parser: ArgumentParser) -> None:
    """Add `--config-file`."""
    parser.add_argument("--config-file", metavar="FILE", help="the stack's configuration (default: Pulumi.ENV.yaml)")


def add_seed(parser: ArgumentParser) -> None:
    """Add `--seed`."""
    parser.add_argument(
        "--seed",
        nargs="?",
        const="",
        metavar="PROFILE",
        help="load the rows for development of `dev.seed`: those of a profile, or those beside all profiles",
    )


def seed(options: Namespace) -> dict[str, str]:
    """The variables for what `--seed` says."""
    if options.seed is None:
        return {}
    from datakit_iac.environment import seeding  # late: it reads the models of manifests

    return {seeding.VARIABLE: options.seed or seeding.DEFAULT}


def config_file(options: Namespace) -> tuple[str, ...]:
    """The engine's arguments for what `--config-file` says."""
    return ("--config-file", options.config_file) if options.config_file else ()


def pulumi(
    command: str,
    env: str,
    *further: str,
    yes: bool = False,
    locks: bool = True,
    variables: Mapping[str, str] | None = None,
    aside: bool = False,
) -> int:
    """Run one command of the engine on an environment's stack, for the project that the working directory is in.

    Args:
        command: ``preview``, ``up`` or ``destroy``.
        env: the environment.
        further: more arguments.
        yes: whether the engine goes on without asking.
        locks: whether the command locks the stack, so that what a dead process left locked must be cleared first.
        variables: those the engine runs with; our own where it is None.
        aside: whether what the engine prints goes to standard error, our own output being for programs.

    Returns:
        The engine's exit code; 3 where another process is at work on the stack.

    Raises:
        UsageError: there is no Pulumi project here or above.
        ToolchainError: there is no engine, or no such stack.
    """
    folder, engine = project_folder(), wrapper.executable()
    _demand_stack(project.read(folder), env)
    if locks and (code := commands.main(["unlock", "--project", str(folder), "--stack", env])):
        return code
    sys.stdout.flush()
    # `destroy` makes nothing that could be judged.
    judged = policy_pack.arguments(folder) if command in ("preview", "up") else ()
    words = [str(engine), command, "--stack", env, *(["--yes"] if yes else []), *judged, *further]
    return _passed_through(words, variables, _STDERR if aside else None)


def project_folder() -> Path:
    """The folder of the Pulumi project that the working directory is in.

    Raises:
        UsageError: there is none here or above.
    """
    return pulumi_folder(Path.cwd())


def _demand_stack(here: project.Project, env: str) -> None:
    """Refuse an environment without a stack, where that can be seen: a local state."""
    if here.state is None or here.has_stack(env):
        return
    raise ToolchainError(
        f"{here.name} has no stack {env!r} yet",
        expected="one stack for each environment",
        fix=f"`pulumi stack init {env}`, or {wrapper.SETUP}" if env == "dev" else f"`pulumi stack init {env}`",
    )


def _passed_through(command: Sequence[str], variables: Mapping[str, str] | None, stdout: int | None) -> int:
    with _Relay() as relay:
        child = subprocess.Popen(command, env=variables, stdout=stdout)
        relay.to(child)
        code = child.wait()
    return code if code >= 0 else 128 - code


class _Relay:
    """While entered: what the terminal sends to us and the child we outlive, what is sent to us alone we hand on.

    The terminal's Ctrl-C reaches the child by itself; a second one, sent by us, would make it stop at once.
    """

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []

    def to(self, child: subprocess.Popen[bytes]) -> None:
        """Name the child, which gets at once what came before there was one."""
        self._child = child
        for number in self._early:
            child.send_signal(number)

    def __enter__(self) -> Self:
        # Handlers of our own, since the child would inherit that a signal is ignored.
        self._before = {
            signal.SIGINT: signal.signal(signal.SIGINT, lambda number, frame: None),
            signal.SIGTERM: signal.signal(signal.SIGTERM, self._hand_on),
        }
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _hand_on(self, number: int, frame: FrameType | None) -> None:
        if self._child is None:
            self._early.append(number)
        else:
            self._child.send_signal(number)
