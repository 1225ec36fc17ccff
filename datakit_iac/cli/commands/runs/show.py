"""Show one Run: what started it, what it read and wrote, how it ended, and where its log is."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING

from datakit_iac.cli import exit_codes
from datakit_iac.cli.environments import lines
from datakit_iac.cli.lookup import known_run
from datakit_iac.cli.output.records import moment, plain, seconds
from datakit_iac.cli.output.terminal import paint
from datakit_iac.cli.runnable import add_environment, add_json, add_run, history

if TYPE_CHECKING:
    from datakit_iac.history.record import RunRecord


def configure(parser: ArgumentParser) -> None:
    add_run(parser)
    add_environment(parser)
    add_json(parser)


def run(options: Namespace) -> int:
    from datakit_iac.history.history import History

    found = History(history(options.env, options.project))
    found.sweep()
    record = known_run(options.run, found)
    if options.output == "json":
        print(json.dumps(plain(record), indent=2))
    else:
        print(f"Run {paint(sys.stdout)(record.id, 'bold')}")
        print("\n".join(f"  {line}" for line in _lines(record)))
    return exit_codes.FINE


def _lines(record: RunRecord) -> Iterator[str]:
    said = {
        "transform": record.transform,
        "environment": record.environment,
        "trigger": record.trigger,
        "due": moment(record.due),
        "state": record.state,
        "queued": moment(record.queued_at),
        "started": moment(record.started_at),
        "ended": moment(record.ended_at),
        "took": seconds(record),
        "started by": f"{record.started_by} on {record.host}",
        "definition": record.definition,
        "inputs": dict(record.inputs),
        "outputs": dict(record.outputs),
        "counts": dict(record.counts),
        "log": record.log,
    }
    yield from lines({name: value for name, value in said.items() if value not in ("", {})})
    for number, line in enumerate(record.error.splitlines()):
        yield f"{'error: ' if number == 0 else '  '}{line}"
