"""Show what would change, and change nothing: `pulumi preview` on the environment's stack.

With --out the plan is saved, to be approved by others (`dk approve`) and applied as it is (`dk apply`).
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from datakit_iac.cli import exit_codes, git, pulumi_process

if TYPE_CHECKING:
    from datakit_iac.approval.plan import Plan
    from datakit_iac.approval.preview import Recording

AUTHOR: Final = "DATAKIT_AUTHOR"
"""The variable that says who makes a plan, for instance in CI; git's `user.email` where it is not set."""

_SHELF: Final = ""


def configure(parser: ArgumentParser) -> None:
    pulumi_process.add_environment(parser)
    pulumi_process.add_config_file(parser)
    pulumi_process.add_seed(parser)
    parser.add_argument(
        "--out", nargs="?", const=_SHELF, metavar="FILE", help="save the plan (default: approvals/ENV/DIGEST.json)"
    )
    parser.add_argument(
        "--output", choices=("text", "json", "markdown"), default="text", help="for people, programs or a pull request"
    )


def run(options: Namespace) -> int:
    """Preview, show the plan, and save it where asked."""
    from datakit_iac.approval.plan import make
    from datakit_iac.approval.preview import recording

    author = _author(demanded=options.out is not None)
    with recording() as record:
        if code := _preview(options, record):
            return code
        subject, operations, follows = record.subject(), record.operations(), record.applied()
    if subject is None:
        return _without_platform(options)
    plan = make(subject, operations, author, follows=follows)
    print(_rendered(plan, options.output))
    if options.out is not None:
        _save(plan, options)
    return exit_codes.FINE


def _preview(options: Namespace, record: Recording) -> int:
    return pulumi_process.pulumi(
        "preview",
        options.env,
        *pulumi_process.config_file(options),
        *record.arguments,
        locks=False,
        variables={**record.environment, **pulumi_process.seed(options)},
        aside=options.output != "text",
    )


def _author(*, demanded: bool) -> str:
    """The address of the plan's author; empty where none is known, and none is demanded.

    Raises:
        UsageError: one is demanded and not known.
    """
    from datakit_iac.approval.people import address

    said = os.environ.get(AUTHOR) or git.setting("user.email")
    known = address(said)
    if demanded and not known:
        raise exit_codes.UsageError(
            f"{said!r} is not the email address of the plan's author" if said else "the author of this plan is unknown",
            f"git config user.email …, or export {AUTHOR}=… where a machine makes it",
        )
    return known


def _without_platform(options: Namespace) -> int:
    """A program of its own making has no project to plan for; its preview has been shown."""
    if options.out is None and options.output == "text":
        return exit_codes.FINE
    raise exit_codes.UsageError("the program registers no Platform, so there is no project to make a plan of")


def _rendered(plan: Plan, output: str) -> str:
    from datakit_iac.approval import rendering

    if output == "json":
        return plan.model_dump_json(by_alias=True, indent=2)
    return rendering.markdown(plan) if output == "markdown" else rendering.text(plan)


def _save(plan: Plan, options: Namespace) -> None:
    from datakit_iac.approval.agreement import unknown_author
    from datakit_iac.approval.gate import shelf
    from datakit_iac.approval.plan import write
    from datakit_iac.approval.signatures import Signers

    short = plan.digest.partition(":")[2][:12]
    folder = pulumi_process.project_folder()
    file = Path(options.out) if options.out else shelf(folder, options.env) / f"{short}.json"
    write(plan, file)
    shown = os.path.relpath(file)
    print(f"saved {shown}; others approve it with `dk approve {shown}`", file=sys.stderr)
    if plan.subject.approval.needed and (reason := unknown_author(plan, Signers.of(folder))):
        print(f"dk: it cannot be approved yet: {reason}", file=sys.stderr)
