"""Stop a Run that is under way, on this machine or another: what runs it ends its processes within seconds."""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace

from datakit_iac.cli import exit_codes
from datakit_iac.cli.lookup import known_run
from datakit_iac.cli.runnable import add_environment, add_run, history

_PATIENCE = 20.0
"""Seconds that the end of the Run is waited for."""


def configure(parser: ArgumentParser) -> None:
    add_run(parser)
    add_environment(parser)


def run(options: Namespace) -> int:
    """Ask for it, and wait until it is over."""
    from datakit_iac.history.history import History

    found = History(history(options.env, options.project))
    found.sweep()
    record = known_run(options.run, found)
    if not record.is_open:
        print(f"Run {record.id} of {record.transform} is over already: {record.state}")
        return exit_codes.FINE
    found.ask_to_stop(record.id)
    until = time.monotonic() + _PATIENCE
    while record.is_open and time.monotonic() < until:
        time.sleep(0.2)
        found.sweep()
        record = known_run(record.id, found)
    if record.is_open:
        print(f"Run {record.id} of {record.transform} was asked to stop and is still {record.state}")
        return exit_codes.FINDINGS
    print(f"Run {record.id} of {record.transform}: {record.state}")
    return exit_codes.FINE
