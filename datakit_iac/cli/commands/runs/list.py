"""List the Runs of an environment, the newest first."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from datakit_iac.cli import exit_codes
from datakit_iac.cli.listing import table
from datakit_iac.cli.output.records import ago, plain, seconds
from datakit_iac.cli.runnable import add_environment, add_json, history

if TYPE_CHECKING:
    from datakit_iac.history.record import RunRecord

_STATES = ("queued", "running", "succeeded", "failed", "cancelled", "lost")


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("transform", nargs="?", metavar="TRANSFORM", help="those of one Transform")
    add_environment(parser)
    parser.add_argument(
        "--state", choices=_STATES, action="append", default=[], help="those of a state; may be repeated"
    )
    parser.add_argument("--limit", type=int, default=20, metavar="N", help="how many at most (default: 20)")
    add_json(parser)


def run(options: Namespace) -> int:
    from datakit_iac.history.history import History

    found = History(history(options.env, options.project))
    found.sweep()
    records = found.listed(transform=options.transform, states=options.state, limit=max(options.limit, 1))
    if options.output == "json":
        print(json.dumps({"runs": [plain(each) for each in records]}, indent=2))
    elif records:
        print("\n".join(table([_row(each) for each in records])))
    else:
        print(f"no Runs in {options.env}", file=sys.stderr)
    return exit_codes.FINE


def _row(record: RunRecord) -> dict[str, object]:
    return {
        "run": record.id,
        "transform": record.transform,
        "trigger": record.trigger,
        "state": record.state,
        "started": ago(record.started_at),
        "took": seconds(record),
        "result": record.error.splitlines()[0] if record.error else _counts(record),
    }


def _counts(record: RunRecord) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in record.counts.items())
