"""A project's manifests, wherever they lie below its folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from datakit_iac.manifest import ahead, compiled
from datakit_iac.manifest.finding import Finding, InvalidProjectError
from datakit_iac.manifest.kinds import KINDS
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


def read(root: Path, *, as_records: bool = False) -> tuple[Project, list[Finding]]:
    """The manifests below a folder that are right, and the faults of those that are not.

    Fields that are not known are warnings; the manifest is read without them.

    Args:
        root: the folder.
        as_records: whether manifests of the usual kinds may be records (`compiled.Record`), which are there sooner
            than models and can be looked at as they can, but are none.
    """
    if not root.is_dir():
        message = f"there is no project folder {root}; expected one that holds manifests"
        return Project(root), [Finding(code="no-project", message=message, file=str(root))]
    unreadable: list[OSError] = []
    found = ahead.files_below(os.fspath(root), unreadable)

    from datakit_iac.manifest.reading import Reading  # late: the files are read while the models are built

    kept = compiled.kept() if as_records and "pydantic" not in sys.modules else {}
    if not kept:
        models = {kind: KINDS[kind] for kind in compiled.KINDS_KEPT}
        if kept is None:
            compiled.keep(models)
    reading = Reading(root, kept or {})
    reading.run(found, unreadable)
    return reading.project(), reading.findings
