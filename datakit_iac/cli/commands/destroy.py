"""Remove what was deployed: `pulumi destroy`. Data stays, unless the environment says `deletion: delete`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from datakit_iac.cli import pulumi_process


def configure(parser: ArgumentParser) -> None:
    pulumi_process.add_environment(parser)
    pulumi_process.add_yes(parser)


def run(options: Namespace) -> int:
    return pulumi_process.pulumi("destroy", options.env, yes=options.yes)
