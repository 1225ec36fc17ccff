"""Findings as people, programs, GitHub and code scanners read them."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TextIO

from datakit_iac.cli import exit_codes
from datakit_iac.cli.output.terminal import Paint, Style, paint
from datakit_iac.findings.visible import visible

if TYPE_CHECKING:
    from datakit_iac.cli.project_scope import Scope
    from datakit_iac.findings.finding import Finding, Severity
    from datakit_iac.manifest.project import Project

_COLOURS: Final[dict[Severity, Style]] = {"error": "red", "warning": "yellow", "note": "dim"}
_KEYS: Final = ("code", "severity", "path", "message", "file", "line", "column", "hint")


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found, and in what.

    Attributes:
        subject: what was checked, as people know it.
        manifests: how many manifests that is, wrong ones left out.
        findings: what is wrong, in the order of files and lines.
        environment: the environment it was checked for; empty where for none.
    """

    subject: str
    manifests: int
    findings: Sequence[Finding]
    environment: str = ""

    @property
    def exit_code(self) -> int:
        """1 where there is an error; warnings alone are fine."""
        return exit_codes.FINDINGS if self.count("error") else exit_codes.FINE

    def count(self, severity: Severity) -> int:
        """How many findings are of a severity."""
        return sum(found.severity == severity for found in self.findings)


def add_output(parser: ArgumentParser) -> None:
    """Add `--output` and `--strict`."""
    parser.add_argument(
        "--output",
        choices=tuple(_FORMATS),
        default="text",
        help="for people, programs, GitHub or code scanners (default: text)",
    )
    parser.add_argument("--strict", action="store_true", help="treat warnings as errors")


def report(asked: Scope, project: Project, findings: Sequence[Finding], options: Namespace) -> int:
    """Print the findings on a part of a project to standard output, and return the exit code.

    Args:
        asked: the part.
        project: the project it belongs to.
        findings: those on the part.
        options: what `add_output` added, and `env` where it was checked for an environment.
    """
    manifests = asked.count(project)
    if not manifests and not findings:
        findings = [_nothing(asked)]
    return conclude(asked.shown, manifests, findings, options)


def conclude(subject: str, manifests: int, findings: Sequence[Finding], options: Namespace) -> int:
    """Print the findings on anything to standard output, and return the exit code.

    Args:
        subject: what was checked, as people know it.
        manifests: how many right manifests that is.
        findings: what is wrong with it.
        options: what `add_output` added, and `env` where it was checked for an environment.
    """
    made = Report(subject, manifests, _ordered(findings, options.strict), vars(options).get("env", ""))
    print(_FORMATS[options.output](made))
    return made.exit_code


def tell(findings: Sequence[Finding], stream: TextIO) -> None:
    """Print findings for people, beside a result that is none of them."""
    painted = paint(stream)
    for found in _ordered(findings, strict=False):
        print(_line(found, painted), file=stream)


def _ordered(findings: Sequence[Finding], strict: bool) -> list[Finding]:
    """Each finding once, in the order of files and lines; warnings are errors where `strict` holds."""
    if strict:
        findings = [replace(found, severity="error") if found.severity == "warning" else found for found in findings]
    return sorted(
        dict.fromkeys(findings),
        key=lambda each: (each.file, each.line, each.column, each.path, each.code, each.message),
    )


def _nothing(asked: Scope) -> Finding:
    from datakit_iac.findings.finding import Finding
    from datakit_iac.findings.location import Position
    from datakit_iac.manifest.models.document import API_VERSION

    return Finding(code="no-manifest", message=f"no manifest of {API_VERSION} is here", at=Position(asked.shown))


def text(made: Report, painted: Paint) -> str:
    """A report for people: each finding as compilers show theirs, then one line that sums up."""
    lines = [_line(found, painted) for found in made.findings]
    if lines:
        lines.append("")
    return "\n".join([*lines, _summary(made, painted)])


def _line(found: Finding, painted: Paint) -> str:
    where = painted(f"{found.where}:", "bold") + " " if found.file else ""
    kind = painted(f"{found.severity}[{found.code}]", _COLOURS[found.severity])
    path = f"{found.path}: " if found.path else ""
    hint = f"\n    {painted('fix:', 'dim')} {found.hint}" if found.hint else ""
    return f"{where}{kind} {path}{found.message}{hint}"


def _summary(made: Report, painted: Paint) -> str:
    said = [
        painted(_counted(number, severity), _COLOURS[severity])
        for severity in _COLOURS
        if (number := made.count(severity))
    ]
    subject = visible(f"{made.subject} in {made.environment}" if made.environment else made.subject)
    counts = ", ".join(said) or painted("nothing is wrong", "green")
    return f"{subject}: {_counted(made.manifests, 'manifest')}, {counts}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def as_json(made: Report) -> str:
    """A report for programs: ``{"findings": […], "summary": {…}}``."""
    findings = [{key: getattr(found, key) for key in _KEYS} for found in made.findings]
    summary = {
        "errors": made.count("error"),
        "warnings": made.count("warning"),
        "notes": made.count("note"),
        "manifests": made.manifests,
        "subject": made.subject,
        "environment": made.environment or None,
    }
    return json.dumps({"findings": findings, "summary": summary}, indent=2)


def github(made: Report) -> str:
    """A report as workflow commands, which GitHub shows at the lines of a pull request."""
    return "\n".join([*map(_annotation, made.findings), _summary(made, lambda plain, _: plain)])


_COMMANDS: Final = {"note": "notice"}


def _annotation(found: Finding) -> str:
    place = {"file": visible(found.file), "line": found.line, "col": found.column, "title": found.code}
    properties = ",".join(f"{key}={_escaped(str(value), ':,')}" for key, value in place.items() if value)
    path = f"{found.path}: " if found.path else ""
    hint = f"\nfix: {found.hint}" if found.hint else ""
    return f"::{_COMMANDS.get(found.severity, found.severity)} {properties}::{_escaped(f'{path}{found.message}{hint}')}"


def _escaped(value: str, further: str = "") -> str:
    """As the runner's own toolkit escapes: the percent sign first, then what ends a property or a line."""
    for character in f"%\r\n{further}":
        value = value.replace(character, f"%{ord(character):02X}")
    return value


def _sarif(made: Report) -> str:
    from datakit_iac.cli.output.sarif import sarif

    return sarif(made.findings)


_FORMATS: Final = {
    "text": lambda made: text(made, paint(sys.stdout)),
    "json": as_json,
    "github": github,
    "sarif": _sarif,
}
