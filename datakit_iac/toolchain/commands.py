"""The commands of `bootstrap.py` and of `python -m datakit_iac.toolchain`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from datakit_iac.toolchain.errors import ToolchainError

ENVIRONMENT_FAULT = 3
"""Exit code where a tool is missing or the machine is not as it must be (design.md, section 10)."""


def main(arguments: Sequence[str], checkout: Path | None = None) -> int:
    """Run one command.

    Args:
        arguments: The words of the command line.
        checkout: The checkout of this repository to set up; None for an installed datakit.

    Returns:
        The exit code: 0, or 3 where something is wrong with the machine.
    """
    options = _parser().parse_args(arguments)
    folder = Path(options.project or checkout or Path.cwd()).resolve()
    try:
        if options.command == "setup":
            _setup(folder, checkout, options.stack)
        elif options.command == "unlock":
            return _unlock(folder, options.stack)
        else:
            _doctor(folder)
    except ToolchainError as error:
        print(f"error: {error}", file=sys.stderr)
        return ENVIRONMENT_FAULT
    except KeyboardInterrupt:
        print("interrupted; run it again to go on from here", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="datakit_iac.toolchain", description="The tools datakit runs on.")
    commands = {
        "setup": "find or make the engine, and what the project's first `pulumi up` needs",
        "unlock": "remove locks on the stack whose process is gone",
        "doctor": "print what was found, as JSON",
    }
    subparsers = parser.add_subparsers(dest="command", required=True)
    for name, explanation in commands.items():
        command = subparsers.add_parser(name, help=explanation, description=explanation)
        command.add_argument("--project", help="the folder with Pulumi.yaml (default: here)")
        command.add_argument("--stack", default="dev", help="the stack (default: dev)")
    return parser


def _setup(folder: Path, checkout: Path | None, stack: str) -> None:
    from datakit_iac.toolchain.setup import setup

    if checkout:
        setup.set_up_checkout(checkout, os.environ)
    else:
        setup.set_up_project(folder, Path(sys.prefix), os.environ, stack)


def _unlock(folder: Path, stack: str) -> int:
    from datakit_iac.toolchain.progress import say
    from datakit_iac.toolchain.setup import project, state_lock

    removed, held = state_lock.clear_dead(project.read(folder), stack)
    for gone in removed:
        say("lock", f"removed the lock of {gone}, which is gone")
    if held:
        raise ToolchainError(
            f"the stack {stack} is locked by {held[0]}",
            expected="no other update of this stack",
            fix=f"wait for it; if it is gone: `pulumi cancel --stack {stack} --yes`",
        )
    return 0


def _doctor(folder: Path) -> None:
    from datakit_iac.toolchain import doctor

    tools = doctor.examine(Path(sys.prefix), os.environ)
    print(json.dumps({"project": str(folder), "tools": [tool.as_dict() for tool in tools]}, indent=2))
