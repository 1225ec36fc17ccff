"""Where a document was read from, and findings on its fields."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from datakit_iac.findings.fault import Fault
from datakit_iac.findings.finding import Finding, Severity
from datakit_iac.findings.location import NOWHERE, FieldPosition, Location, Position, Step, shown, spelled


class Origin(NamedTuple):
    """The file of a document and which document of it, from 0; the file of what is built in is empty.

    What is declared in Python has a line instead.
    """

    path: str
    document: int
    declared_at: int = 0

    @property
    def file(self) -> Path:
        """The file; a path is made of it only when asked, since every manifest has an origin."""
        return Path(self.path)

    def at(self, path: Sequence[Step], *, is_key: bool = False) -> Location:
        """Where a field of this document is: nowhere for what is built in; in Python, where it is declared."""
        if self.declared_at:
            return Position(shown(self.file), self.declared_at, 1)
        return FieldPosition(self.path, self.document, tuple(path), is_key) if self.path else NOWHERE

    def finding(
        self, code: str, message: str, path: Sequence[Step] = (), *, hint: str = "", severity: Severity | None = None
    ) -> Finding:
        """A finding on a field of this document, as severe as its code unless another severity is given.

        A field that should not be there is found by its key, every other by its value.
        """
        from datakit_iac.findings.codes import severity_of  # late: most projects are right

        return Finding(
            code=code,
            message=message,
            severity=severity or severity_of(code),
            path=spelled(path),
            at=self.at(path, is_key=code == "unknown-field"),
            hint=hint,
        )

    def of(self, fault: Fault, about: str = "") -> Finding:
        """The finding of a fault whose path begins at this document's root.

        Args:
            fault: what is wrong.
            about: what it is wrong with, e.g. ``Store warehouse``, where the message does not say.
        """
        message = f"{about}: {fault.message}" if about else fault.message
        return self.finding(fault.code, message, fault.path, hint=fault.hint)
