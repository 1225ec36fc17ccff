"""Remove what was deployed: `pulumi destroy`. Data stays, unless the environment says `deletion: delete`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from datakit_iac.cli import pulumi_process as engine


def configure(parser: ArgumentParser) -> None:
    """Add the arguments."""
    engine.add_environment(parser)
    engine.add_yes(parser)


def run(options: Namespace) -> int:
    """Run the engine."""
    return engine.pulumi("destroy", options.env, yes=options.yes)
