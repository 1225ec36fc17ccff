"""Show what would change, and change nothing: `pulumi preview` on the environment's stack."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from datakit_iac.cli import engine


def configure(parser: ArgumentParser) -> None:
    """Add the arguments."""
    engine.add_environment(parser)


def run(options: Namespace) -> int:
    """Run the engine."""
    return engine.pulumi("preview", options.env, locks=False)
