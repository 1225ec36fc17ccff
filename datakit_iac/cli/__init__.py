"""`dk`, the command line: dispatch, reading of projects and output; stacks are changed by the engine, not here."""

from __future__ import annotations

from datakit_iac.cli.dispatch import main, process

__all__ = ["main", "process"]
