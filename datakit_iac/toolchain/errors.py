"""What goes wrong with a machine, with what was found, what was expected and what to do."""

from __future__ import annotations


class ToolchainError(Exception):
    """A tool or a folder is not as it must be; the message is for the user, never with a traceback.

    Attributes:
        found: What is there instead.
        expected: What must hold.
        fix: What the user can do about it.
        details: The last lines of a failed command, if one failed.
    """

    def __init__(self, found: str, *, expected: str, fix: str, details: tuple[str, ...] = ()) -> None:
        super().__init__(found)
        self.found = found
        self.expected = expected
        self.fix = fix
        self.details = details

    def __str__(self) -> str:
        quoted = "".join(f"\n    | {line}" for line in self.details)
        return f"{self.found}{quoted}\n  expected: {self.expected}\n  fix:      {self.fix}"
