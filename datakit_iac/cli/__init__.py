"""`dk`, the command line: one module for each command, imported when that command is called."""

from __future__ import annotations

from datakit_iac.cli.dispatch import main, process

__all__ = ["main", "process"]
