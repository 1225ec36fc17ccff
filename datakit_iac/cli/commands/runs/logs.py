"""Print the log of a Run: what its job printed, line by line with the time."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from datakit_iac.cli import exit_codes
from datakit_iac.cli.lookup import known_run
from datakit_iac.cli.runnable import add_environment, add_run, history
from datakit_iac.findings.visible import visible


def configure(parser: ArgumentParser) -> None:
    add_run(parser)
    add_environment(parser)
    parser.add_argument("--follow", action="store_true", help="go on until the Run is over")


def run(options: Namespace) -> int:
    from datakit_iac.history.history import History
    from datakit_iac.history.log import followed

    record = known_run(options.run, History(history(options.env, options.project)))
    file = Path(record.log)
    if not file.is_file():
        print(f"dk: the log of Run {record.id} is not here: it was {record.log} on {record.host}", file=sys.stderr)
        return exit_codes.MISSING
    for line in followed(file) if options.follow else file.read_text(encoding="utf-8", errors="replace").splitlines():
        print(visible(line), flush=options.follow)
    return exit_codes.FINE
