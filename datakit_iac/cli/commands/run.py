"""Run Transforms now, outside of an update: checked as `dk apply` checks them, and recorded in the history.

A Transform whose last Run had the same definition and inputs is left as it is, unless --force. Afterwards those
downstream that run on a change run too, where their inputs changed.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datakit_iac.cli import exit_codes
from datakit_iac.cli.runnable import add_environment, add_json, meant, runnable

if TYPE_CHECKING:
    from datakit_iac.scheduling.runnable import RunnableProject
    from datakit_iac.scheduling.sequence import Asked, Result


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("transforms", nargs="+", metavar="TRANSFORM", help="its name, or the folder of its manifest")
    add_environment(parser)
    parser.add_argument("--downstream", action="store_true", help="run everything downstream, whatever its trigger")
    parser.add_argument("--force", action="store_true", help="run what is named, though nothing changed")
    parser.add_argument("--dry-run", action="store_true", help="show what would run, and why; run nothing")
    add_json(parser)


def run(options: Namespace) -> int:
    from datakit_iac.cli.output.runs import Display
    from datakit_iac.scheduling.sequence import Asked, in_sequence

    here = Path.cwd()
    project = runnable(options.env, options.project)
    if project is None:
        return exit_codes.FINDINGS
    named = [name for text in options.transforms for name in meant(text, here, project.resolved)]
    chosen = [name for name in project.resolved.transforms if name in named]
    below = [name for name in project.after(chosen, every=options.downstream) if name not in chosen]
    asked = [Asked(name, is_forced=options.force) for name in chosen]
    asked += [Asked(name, "manual" if options.downstream else "on-change") for name in below]
    if options.dry_run:
        return _foretold(project, asked, options)
    results: list[Result] = []
    with Display(project.stack) as display:
        for result in in_sequence(project, asked, display.operation):
            display.show(result)
            results.append(result)
    project.forget()
    if options.output == "json":
        print(json.dumps({"runs": [asdict(each) for each in results]}, indent=2))
    return _code(results)


def _code(results: Sequence[Result]) -> int:
    states = {each.state for each in results}
    if "cancelled" in states:
        return exit_codes.INTERRUPTED
    return exit_codes.FINDINGS if {"failed", "skipped"} & states else exit_codes.FINE


def _foretold(project: RunnableProject, asked: Sequence[Asked], options: Namespace) -> int:
    """Show what would run. What follows a Run that would happen may change, which only that Run tells."""
    from datakit_iac.cli.output.runs import Display
    from datakit_iac.scheduling.foresight import foretold

    rows: list[dict[str, Any]] = []
    with Display(project.stack) as display:
        for each in foretold(project, asked, display.operation):
            rows.append(asdict(each))
            if options.output == "text":
                print(f"{each.transform}: {each.would}: {each.reason}")
                print(f"  {each.workload}" if each.workload else "", end="\n" if each.workload else "")
    if options.output == "json":
        print(json.dumps({"runs": rows}, indent=2))
    return exit_codes.FINDINGS if any(row["would"] == "fail" for row in rows) else exit_codes.FINE
