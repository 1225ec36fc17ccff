"""Show what differs between two environments, and nothing else: rules, Stores, places, versions."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace

from datakit_iac.cli import environments, exit_codes, listing
from datakit_iac.cli.project_scope import add_path, scope
from datakit_iac.findings.sensitive import hidden


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("one", metavar="ENV", help="an environment")
    parser.add_argument("other", metavar="OTHER", help="the environment to compare it with")
    add_path(parser)
    parser.add_argument("--output", choices=("text", "json"), default="text", help="for people or programs")


def run(options: Namespace) -> int:
    project = environments.readable(scope(options.path).root)
    if project is None:
        return exit_codes.FINDINGS
    from datakit_iac.environment.summary import described, differences

    names = (options.one, options.other)
    one, other = (hidden(described(environments.resolved(project, name))) for name in names)
    found = differences(one, other)
    if options.output == "json":
        rows = [{"path": each.path, "values": [each.one, each.other]} for each in found]
        print(json.dumps({"environments": names, "differences": rows}, indent=2))
    elif found:
        shown = [
            dict(zip(("WHAT", *names), (each.path, *map(environments.said, each[1:])), strict=True)) for each in found
        ]
        print("\n".join(listing.table(shown)))
    else:
        print(f"{options.one} and {options.other} do not differ", file=sys.stderr)
    return exit_codes.FINE
