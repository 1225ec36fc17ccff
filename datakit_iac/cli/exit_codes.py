"""How `dk` ends: its exit codes, and the fault that a command raises where it was called wrongly."""

from __future__ import annotations

from typing import Final

FINE: Final = 0
FINDINGS: Final = 1
USAGE: Final = 2
MISSING: Final = 3
"""The environment is invalid, or a tool is missing."""

INTERNAL: Final = 70
"""A fault of dk itself (EX_SOFTWARE of sysexits.h)."""

INTERRUPTED: Final = 130
BROKEN_PIPE: Final = 141
"""The reader of our output has gone; as a shell tells of a process that SIGPIPE ended."""


class UsageError(Exception):
    """The command line asks for something that is not there.

    Attributes:
        hint: what to do; may be empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        self.hint = hint
        super().__init__(message)

    def __str__(self) -> str:
        return f"{self.args[0]}\n  fix: {self.hint}" if self.hint else str(self.args[0])
