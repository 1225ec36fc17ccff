"""Show one environment of a project: its rules, Stores, the DataSets' places, and the chosen versions.

Secrets are shown as the references that they are.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace

from datakit_iac.cli import environments, exit_codes, listing
from datakit_iac.cli.project_scope import scope
from datakit_iac.findings.sensitive import hidden


def configure(parser: ArgumentParser) -> None:
    listing.add_show(parser, "ENV")


def run(options: Namespace) -> int:
    project = environments.readable(scope(options.path).root)
    if project is None:
        return exit_codes.FINDINGS
    from datakit_iac.environment.summary import described

    shown = {"name": options.name, **hidden(described(environments.resolved(project, options.name)))}
    if options.output == "json":
        print(json.dumps(shown, indent=2))
    elif options.output == "yaml":
        import yaml

        print(yaml.safe_dump(shown, sort_keys=False), end="")
    else:
        print("\n".join(environments.lines(shown)))
    return exit_codes.FINE
