"""Get this machine ready: find or make the Pulumi engine, and what the project's first `pulumi up` needs.

Run it once in the virtual environment that datakit was installed in, and again where `dk doctor` misses the engine.
What is there already is not changed.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from datakit_iac.cli import exit_codes, pulumi_process


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("--stack", default="dev", metavar="STACK", help="the stack to make (default: dev)")


def run(options: Namespace) -> int:
    """Set up the environment, and the project where there is one."""
    from datakit_iac.toolchain.setup import setup

    venv = Path(sys.prefix)
    try:
        folder = pulumi_process.project_folder()
    except exit_codes.UsageError:
        setup.equip(venv, os.environ)
        print("no Pulumi project is here: `dk init` begins one", file=sys.stderr)
    else:
        setup.set_up_project(folder, venv, os.environ, options.stack)
    return exit_codes.FINE
