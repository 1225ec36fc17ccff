"""Start what is due, as long as this runs: scheduled Transforms, those of which a source changed, and what follows.

Of several schedulers on one environment, one leads and the others wait to take over. Ctrl-C stops what it started.
"""

from __future__ import annotations

import json
import os
import socket
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from datakit_iac.cli import exit_codes
from datakit_iac.cli.runnable import add_environment, add_json, reloading

if TYPE_CHECKING:
    from datakit_iac.scheduling.runnable import RunnableProject
    from datakit_iac.scheduling.sequence import Asked, Result


def configure(parser: ArgumentParser) -> None:
    """Add the arguments."""
    add_environment(parser)
    parser.add_argument("--once", action="store_true", help="start what is due now and what follows from it, and end")
    parser.add_argument(
        "--poll", type=_seconds, default=60.0, metavar="TIME", help="how often sources are looked at (default: 60s)"
    )
    add_json(parser)


def run(options: Namespace) -> int:
    """Run the scheduler."""
    from datakit_iac.cli.output.runs import Display
    from datakit_iac.cli.secrets import secrets
    from datakit_iac.runs.operation import Stop
    from datakit_iac.scheduling.notification import Notifier
    from datakit_iac.scheduling.scheduler import Scheduler
    from datakit_iac.scheduling.watch import Watch

    load = reloading(options.env, options.project)
    project = load()
    if project is None:
        return exit_codes.FINDINGS
    failed: list[str] = []
    with Display(project.stack) as display:
        find = secrets(Path.cwd(), options.env, revealed=True).find
        notifier = Notifier(project.resolved.environment.spec.notify, find, display.operation("notify").warn)
        watch = Watch(project, notifier.tell)

        def show(result: Result, asked: Asked) -> None:
            if result.state != "unchanged":
                display.show(result)
                if options.output == "json":
                    print(json.dumps({**asdict(result), "trigger": asked.trigger}), flush=True)
            if result.state == "failed":
                failed.append(result.transform)
            watch.ended(result)

        def look(present: RunnableProject) -> None:
            notifier.notifications = tuple(present.resolved.environment.spec.notify)
            watch.look(present)

        stop = Stop()
        display.stops(stop)
        holder = f"{socket.gethostname()}:{os.getpid()}"
        scheduler = Scheduler(
            project,
            load,
            display.operation,
            show,
            holder=holder,
            poll=options.poll,
            look=look,
        )
        if options.once:
            scheduler.once(stop)
        else:
            scheduler.run(stop)
        notifier.close()
    return exit_codes.INTERRUPTED if stop.is_set() else exit_codes.FINDINGS if failed else exit_codes.FINE


def _seconds(text: str) -> float:
    from datakit_iac.manifest.values.duration import seconds

    try:
        return float(seconds(text))
    except ValueError as fault:
        raise ArgumentTypeError(str(fault)) from fault
