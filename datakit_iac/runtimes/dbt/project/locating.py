"""Finding the dbt project of a Transform that does not name one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datakit_iac.runtimes.dbt.project.configuration import CONFIGURATION
from datakit_iac.runtimes.projects import NotFoundError


def project_folder(settings: Mapping[str, Any], manifest: Path, root: Path) -> str:
    """The folder of a Transform's dbt project, from the project's folder.

    It is what the section `dbt` says; else the folder of the manifest, or else the nearest one above it, up to the
    project's own, that has a ``dbt_project.yml``; or else the only one below it.

    Args:
        settings: the section `dbt` of the Transform.
        manifest: its file.
        root: the folder of the manifests.

    Raises:
        NotFoundError: there is none.
    """
    if said := settings.get("project"):
        return str(said)
    here, top = manifest.absolute().parent, root.absolute()
    above = [folder for folder in (here, *here.parents) if folder.is_relative_to(top)]
    found = next((folder for folder in above if (folder / CONFIGURATION).is_file()), None)
    if found is None and len(below := [each.parent for each in here.glob(f"*/{CONFIGURATION}")]) == 1:
        found = below[0]
    if found is None:
        raise NotFoundError(
            f"names no dbt project, and no {CONFIGURATION} is beside it or above", "dbt: {project: FOLDER}"
        )
    return Path(os.path.relpath(found, top)).as_posix()
