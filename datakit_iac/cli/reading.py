"""The project that a command looks at, and what is wrong with it reported on standard error."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from datakit_iac.cli.output.spinner import waiting

if TYPE_CHECKING:
    from datakit_iac.findings.finding import Finding
    from datakit_iac.manifest.project import Project

_PLUGINS_DISABLED: Final = "PYDANTIC_DISABLE_PLUGINS"


def read(root: Path, *, named: Path | None = None) -> tuple[Project, list[Finding]]:
    """The manifests of a folder that are right, and the faults of those that are not (`loader.read`).

    Pydantic looks for plugins in the metadata of every installed package, which takes as long as to read 200 manifests.
    Here it does not look; processes that `dk` starts later do not inherit that.

    Args:
        root: the folder.
        named: a file that the command line names as one of manifests, whatever its content.
    """
    said = os.environ.get(_PLUGINS_DISABLED)
    os.environ[_PLUGINS_DISABLED] = "__all__"
    try:
        from datakit_iac.manifest.loading import loader  # late: only what reads manifests imports pydantic

        return loader.read(root, named=named)
    finally:
        del os.environ[_PLUGINS_DISABLED]
        os.environ.update({} if said is None else {_PLUGINS_DISABLED: said})


def read_and_tell(root: Path) -> tuple[Project, bool]:
    """The manifests of a folder, as far as they can be read, and whether nothing is wrong with them."""
    from datakit_iac.checks.tolerance import of_reading
    from datakit_iac.cli.output.report import tell

    with waiting("reading manifests"):
        project, found = read(root)
    findings = list(of_reading(project, found))
    tell(findings, sys.stderr)
    return project, all(each.severity != "error" for each in findings)
