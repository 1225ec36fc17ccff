"""The project that a command looks at, and what is wrong with it told on standard error."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from datakit_iac.cli.output.spinner import waiting

if TYPE_CHECKING:
    from datakit_iac.manifest.project import Project


def read_and_tell(root: Path) -> tuple[Project, bool]:
    """The manifests of a folder, as far as they can be read, and whether nothing is wrong with them."""
    from datakit_iac.checks.tolerance import of_reading
    from datakit_iac.cli.output.report import tell
    from datakit_iac.manifest.loading.loader import read

    with waiting("reading manifests"):
        project, found = read(root)
    findings = list(of_reading(project, found))
    tell(findings, sys.stderr)
    return project, all(each.severity != "error" for each in findings)
