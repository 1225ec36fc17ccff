"""Deploy, and run what changed: `pulumi up` on the environment's stack.

An environment may ask for approvals; then it needs a plan that has them, and that is still what would be done:
the named plan, or one below approvals/ENV.
"""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path

from datakit_iac.cli import exit_codes, pulumi_process


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("plan", nargs="?", metavar="PLAN", help="a plan that `dk plan --out` saved")
    parser.add_argument("--env", metavar="ENV", help="the environment, and so the stack (default: the plan's, or dev)")
    pulumi_process.add_config_file(parser)
    pulumi_process.add_seed(parser)
    pulumi_process.add_yes(parser)


def run(options: Namespace) -> int:
    if options.plan is None:
        variables = {**os.environ, **pulumi_process.seed(options)}
        further = pulumi_process.config_file(options)
        return pulumi_process.pulumi("up", options.env or "dev", *further, yes=options.yes, variables=variables)
    from datakit_iac.approval.gate import PLAN
    from datakit_iac.cli.commands.approve import known_plan

    file = Path(options.plan).absolute()
    environment = known_plan(file).subject.environment
    if options.env not in (None, environment):
        raise exit_codes.UsageError(f"{options.plan} is a plan for {environment}, not for {options.env}")
    # Who says yes has seen the plan; what it would do now is compared with it by the program itself.
    further = (*pulumi_process.config_file(options), *(["--skip-preview"] if options.yes else []))
    return pulumi_process.pulumi(
        "up", environment, *further, yes=options.yes, variables={**os.environ, PLAN: str(file)}
    )
