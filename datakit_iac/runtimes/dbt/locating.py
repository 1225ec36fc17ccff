"""Finding the dbt project of a Transform that does not name one."""

from __future__ import annotations

import os
from pathlib import Path

from datakit_iac.manifest.models.transform import Transform
from datakit_iac.runtimes.dbt.project import CONFIGURATION


def project_folder(transform: Transform, file: Path, root: Path) -> str | None:
    """The folder of a Transform's dbt project, from the project's folder; None where there is none.

    It is what the section `dbt` says; else the folder of the manifest, or else the nearest one above it, up to the
    project's own, that has a ``dbt_project.yml``; or else the only one below it.

    Args:
        transform: of runtime dbt.
        file: its manifest's.
        root: the folder of the manifests.
    """
    if transform.spec.dbt and transform.spec.dbt.project:
        return transform.spec.dbt.project
    here, top = file.absolute().parent, root.absolute()
    above = [folder for folder in (here, *here.parents) if folder.is_relative_to(top)]
    found = next((folder for folder in above if (folder / CONFIGURATION).is_file()), None)
    if found is None and len(below := [each.parent for each in here.glob(f"*/{CONFIGURATION}")]) == 1:
        found = below[0]
    return None if found is None else Path(os.path.relpath(found, top)).as_posix()
