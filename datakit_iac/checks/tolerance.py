"""What stops a plan and is only warned of where nothing is planned: unknown fields, what is not installed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datakit_iac.findings.finding import Finding
    from datakit_iac.manifest.project import Project

UNKNOWN_FIELD: Final = "unknown-field"
NOT_INSTALLED: Final = ("technology-not-installed", "unknown-runtime", "executor-not-installed", "not-supported")


def of_reading(project: Project, findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings of reading a project; a warning each of those fields that it could be read without."""
    slips = frozenset(project.slips)
    yield from (_warning(each) if each in slips else each for each in findings)


def of_checking(findings: Iterable[Finding], codes: Collection[str]) -> Iterator[Finding]:
    """The findings of what was read; a warning each of those of the codes."""
    yield from (_warning(each) if each.code in codes else each for each in findings)


def _warning(found: Finding) -> Finding:
    if found.severity != "error":
        return found
    message = found.message
    if found.code == UNKNOWN_FIELD:
        message += "; nothing is planned or applied until it is fixed"
    return replace(found, severity="warning", message=message)
