"""What is wrong, where, and what to do: the one shape in which every check reports."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from datakit_iac.manifest.values.secret import without_passwords
from datakit_iac.manifest.visible import visible

Severity = Literal["error", "warning", "note"]

Step = str | int
"""One step of a field's path: a key, or an index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fault of a project.

    Whatever they are made of, its texts are each of one line of letters that are seen (`visible`), and show no password
    of an address.

    Attributes:
        code: the rule's name, e.g. ``unknown-field``.
        message: what was found and what was expected, in one sentence.
        severity: ``error`` stops everything, ``warning`` is shown, ``note`` says what was looked at and is excused.
        path: the field, e.g. ``spec.schema[2].type``; empty for a whole document.
        file: the manifest, relative to the working directory where that is shorter; empty where there is none.
        line: from 1; 0 where there is no position.
        column: from 1; 0 where there is no position.
        hint: what to do.
    """

    code: str
    message: str
    severity: Severity = "error"
    path: str = ""
    file: str = ""
    line: int = 0
    column: int = 0
    hint: str = ""

    def __post_init__(self) -> None:
        # Here, so that no check has to think of it: what is quoted may be anything, and is printed in many places.
        for name in ("message", "path", "hint"):
            object.__setattr__(self, name, visible(without_passwords(getattr(self, name))))

    @property
    def where(self) -> str:
        """``file:line:column``, or as much of it as there is."""
        return visible(f"{self.file}:{self.line}:{self.column}" if self.line else self.file)

    def __str__(self) -> str:
        """`file:line:column: severity[code] path: message`, then the hint on a line of its own."""
        where = f"{self.where}: " if self.file else ""
        path = f"{self.path}: " if self.path else ""
        hint = f"\n    fix: {self.hint}" if self.hint else ""
        return f"{where}{self.severity}[{self.code}] {path}{self.message}{hint}"


class InvalidProjectError(Exception):
    """A project has errors; its text is all of them, one after the other, and a count.

    Attributes:
        findings: every finding, warnings included, in the order of files and lines.
    """

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(sorted(findings, key=lambda found: (found.file, found.line, found.column)))
        errors = sum(found.severity == "error" for found in self.findings)
        count = f"{errors} error{'s' if errors != 1 else ''}; nothing was touched."
        super().__init__("\n".join([*map(str, self.findings), count]))


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint with the known name that is closest to a mistyped one; a list of all where none is close."""
    names = sorted(known)
    if found := closest(name, names):
        return f"did you mean {found!r}?"
    return f"known: {', '.join(names)}" if names else "there is none yet"


def closest(name: str, known: Iterable[str]) -> str:
    """The known name that a mistyped one is probably meant for; empty where none is close."""
    import difflib  # late: most projects are right

    return next(iter(difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)), "")
