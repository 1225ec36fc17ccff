"""What is wrong with a field, as found by code that does not know the field's document."""

from __future__ import annotations

from typing import NamedTuple

from datakit_iac.findings.location import Step, spelled


class Fault(NamedTuple):
    """One fault of a part of a document; `Origin.of` makes it a Finding.

    >>> fault = Fault("unknown-field", ("hots",), "acme has no option 'hots'", "did you mean 'host'?")
    >>> fault.below("connection").line
    "connection.hots: acme has no option 'hots'; did you mean 'host'?"

    Attributes:
        code: of the finding, e.g. ``unknown-field``.
        path: keys and indexes from the part to the field; empty for the part as a whole.
        message: what was found and what was expected, in one sentence; never the value of a secret.
        hint: what to do.
    """

    code: str
    path: tuple[Step, ...]
    message: str
    hint: str = ""

    def below(self, *steps: Step) -> Fault:
        """The same fault, in what holds the part at a path."""
        return self._replace(path=(*steps, *self.path))

    @property
    def line(self) -> str:
        """The field, then what is wrong with it, and what to do."""
        return f"{spelled(self.path)}: {self}" if self.path else str(self)

    def __str__(self) -> str:
        """What is wrong, and what to do."""
        return f"{self.message}; {self.hint}" if self.hint else self.message
