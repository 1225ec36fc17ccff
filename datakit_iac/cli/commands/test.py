"""Verify outputs against their contracts and their tests, as they are now: nothing is run, and nothing is changed."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from pathlib import Path

from datakit_iac.cli import exit_codes
from datakit_iac.cli.runnable import add_environment, add_json, meant, runnable


def configure(parser: ArgumentParser) -> None:
    parser.add_argument(
        "transforms", nargs="*", metavar="TRANSFORM", help="its name, or the folder of its manifest (default: all)"
    )
    add_environment(parser)
    add_json(parser)


def run(options: Namespace) -> int:
    from datakit_iac.cli.output.runs import Display
    from datakit_iac.scheduling.testing import tested

    here = Path.cwd()
    project = runnable(options.env, options.project)
    if project is None:
        return exit_codes.FINDINGS
    named = [name for text in options.transforms for name in meant(text, here, project.resolved)]
    chosen = [name for name in project.resolved.transforms if not named or name in named]
    results = []
    with Display(project.stack) as display:
        for name in chosen:
            for result in tested(project, name, display.operation(name)):
                results.append(result)
                if options.output == "text":
                    print(f"{name}: {result.dataset}: {'; '.join(result.breaches) or 'passed'}")
    if options.output == "json":
        print(json.dumps({"outputs": [asdict(each) for each in results]}, indent=2))
    return exit_codes.FINDINGS if any(each.breaches for each in results) else exit_codes.FINE
