"""Check a whole project for one environment: bindings, versions, secrets' variables, and every job.

Nothing is reached and nothing is run. A file or folder is checked with the project around it; only its own findings
are shown.
"""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace

from datakit_iac.cli import reporting
from datakit_iac.cli.scope import add_path, scope


def configure(parser: ArgumentParser) -> None:
    """Add the arguments."""
    add_path(parser)
    parser.add_argument("--env", default="dev", metavar="ENV", help="the environment (default: dev)")
    reporting.add_output(parser)


def run(options: Namespace) -> int:
    """Check and report."""
    from datakit_iac.manifest.finding import InvalidProjectError
    from datakit_iac.manifest.load import read
    from datakit_iac.policy.checking import check

    asked = scope(options.path)
    project, findings = read(asked.root)
    try:
        checked = check(project, options.env, os.environ)[1]
        # The check tells the warnings of reading too, as the environment takes them.
        findings = [*{*findings}.difference(project.warnings), *checked]
    except InvalidProjectError as invalid:
        findings += invalid.findings
    return reporting.report(asked, project, asked.of(findings), options)
