"""A project's manifests, wherever they lie below its folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from datakit_iac.findings.finding import Finding, InvalidProjectError
from datakit_iac.findings.location import Position
from datakit_iac.manifest import ahead, compiled
from datakit_iac.manifest.kinds import KINDS
from datakit_iac.manifest.project import Project

_USUAL: Final = ("Connector", "Store", "DataSet", "Transform")
"""The kinds that every project has; the models of others are built when one is met."""


def load(root: Path) -> Project:
    """The project below a folder.

    Raises:
        InvalidProjectError: files cannot be read or manifests are wrong; all of that at once.
    """
    project, findings = read(root)
    if any(finding.severity == "error" for finding in findings):
        raise InvalidProjectError(findings)
    return project


def read(root: Path, *, as_records: bool = False, named: Path | None = None) -> tuple[Project, list[Finding]]:
    """The manifests below a folder that are right, and the faults of those that are not.

    Fields that are not known are warnings; the manifest is read without them.

    Args:
        root: the folder.
        as_records: whether manifests may be records (`records.Record`), which are there sooner
            than models and can be looked at as they can, but are none.
        named: a file that somebody says is one of manifests, whatever it says of itself.
    """
    if not root.is_dir():
        message = f"there is no project folder {root}; expected one that holds manifests"
        return Project(root), [Finding(code="no-project", message=message, at=Position(str(root)))]
    unreadable: list[OSError] = []
    found = ahead.files_below(os.fspath(root), unreadable)

    from datakit_iac.manifest.reading import Reading  # late: the files are read while the models are built

    may_be_records = as_records and "pydantic" not in sys.modules
    validators = compiled.kept() if may_be_records else {}
    if not validators:
        for kind in _USUAL:
            KINDS[kind]
        if may_be_records:
            compiled.keep(KINDS)
    reading = Reading(root, validators, os.fspath(named or ""))
    reading.run(found, unreadable)
    return reading.project(), reading.findings
