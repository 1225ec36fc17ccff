"""A project's manifests, wherever they lie below its folder."""

from __future__ import annotations

import os
from pathlib import Path

from datakit_iac.findings.finding import Finding, InvalidProjectError
from datakit_iac.findings.location import Position
from datakit_iac.manifest.loading.reading import Reading
from datakit_iac.manifest.project import Project


def load(root: Path) -> Project:
    """The project below a folder.

    Raises:
        InvalidProjectError: files cannot be read or manifests are wrong; all of that at once.
    """
    project, findings = read(root)
    if any(finding.severity == "error" for finding in findings):
        raise InvalidProjectError(findings)
    return project


def read(root: Path, *, named: Path | None = None) -> tuple[Project, list[Finding]]:
    """The manifests below a folder that are right, and the faults of those that are not.

    Fields that are not known are warnings; the manifest is read without them.

    Args:
        root: the folder.
        named: a file that somebody says is one of manifests, whatever it says of itself.
    """
    if not root.is_dir():
        message = f"there is no project folder {root}; expected one that holds manifests"
        return Project(root), [Finding(code="no-project", message=message, at=Position(str(root)))]
    reading = Reading(root, os.fspath(named or ""))
    reading.run()
    return reading.project(), reading.findings
