"""Show the status of each Transform: its last Run, the age of its outputs against their freshness, and its next Run."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from datakit_iac.cli import exit_codes
from datakit_iac.cli.environments import readable
from datakit_iac.cli.listing import table
from datakit_iac.cli.output.records import ago, duration, moment, plain
from datakit_iac.cli.project_scope import scope
from datakit_iac.cli.runnable import add_environment, add_json, history

if TYPE_CHECKING:
    from datakit_iac.scheduling.status import Standing


def configure(parser: ArgumentParser) -> None:
    add_environment(parser)
    add_json(parser)


def run(options: Namespace) -> int:
    """Show it; 1 where a last Run failed, or an output is stale."""
    from datetime import UTC, datetime

    from datakit_iac.history.history import History
    from datakit_iac.pipeline.graph import build
    from datakit_iac.scheduling.status import standings

    project = readable(scope(options.project).root)
    if project is None:
        return exit_codes.FINDINGS
    found = History(history(options.env, options.project))
    found.sweep()
    there = [*standings(project, build(project)[0], found.latest(), datetime.now(UTC))]
    if options.output == "json":
        print(json.dumps({"transforms": [_plain(each) for each in there]}, indent=2))
    elif there:
        print("\n".join(table([_row(each) for each in there])))
    is_bad = any(each.is_stale or (each.last and each.last.state in ("failed", "lost")) for each in there)
    return exit_codes.FINDINGS if is_bad else exit_codes.FINE


def _row(each: Standing) -> dict[str, Any]:
    state = "stale" if each.is_stale else "fresh"
    return {
        "transform": each.transform,
        "trigger": each.trigger,
        "last run": each.last.state if each.last else "never",
        "started": ago(each.last.started_at) if each.last else "",
        "age of outputs": "" if each.age is None else duration(each.age),
        "freshness": "" if each.allowed is None else f"{state} (at most {duration(each.allowed)})",
        "next": moment(each.due.timestamp()) if each.due else "",
    }


def _plain(each: Standing) -> dict[str, Any]:
    return {
        "transform": each.transform,
        "trigger": each.trigger,
        "last": plain(each.last) if each.last else None,
        "ageSeconds": each.age,
        "freshnessSeconds": each.allowed,
        "isStale": each.is_stale,
        "next": moment(each.due.timestamp()) if each.due else None,
    }
