"""The files of a dbt project that dbt is given: all of them, and nothing else, are approved and copied.

They are the files in dbt's own folders, in the packages, and in every further folder or file that any of those mentions
by name. What nothing mentions (the rest of a repository, whose root the project may be) is not dbt's.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from datakit_iac.runtimes.dbt.project.configuration import CONFIGURATION, KINDS, NAMED, ProjectError
from datakit_iac.runtimes.dbt.project.dbt_project import DbtProject
from datakit_iac.runtimes.dbt.project.folders import MADE

_TEXTS: Final = (".sql", ".py", ".yml", ".yaml")
_PYTHON: Final = ".py"


def files(project: DbtProject) -> tuple[Path, ...]:
    """The files, below the project's folder, by path."""
    found = {*own(project)}
    texts = ((file.suffix.lower(), project.text(file)) for file in found if file.suffix.lower() in _TEXTS)
    return tuple(sorted({*found, *mentioned(project, texts)}))


def own(project: DbtProject) -> Iterator[Path]:
    """The files of dbt's own folders and packages, and those that it knows by name; some may come twice."""
    yield from project.own
    for package in project.package_folders:
        yield from project.files_below(str(package))


def mentioned(project: DbtProject, texts: Iterable[tuple[str, str]]) -> Iterator[Path]:
    """The files beside dbt's own that texts name: data that a query reads, modules that Python imports.

    Args:
        project: the project.
        texts: each with the suffix of its file, in lower case.
    """
    taken = {Path(path).parts[0] for kind in KINDS for path in project.paths(kind) if Path(path).parts}
    taken |= {*NAMED, *MADE, *Path(project.packages).parts[:1]}
    beside = sorted({each.name for each in project.root.iterdir()} - taken)
    if not (names := [name for name in beside if not name.startswith(".")]):
        return
    known = [*texts]
    every, python = "\n".join(text for _, text in known), "\n".join(text for kind, text in known if kind == _PYTHON)
    for name in names:
        path, module = re.escape(name), re.escape(name.removesuffix(_PYTHON))
        if re.search(rf"""(?<![\w-]){path}(?=[/\\'"])""", every) or re.search(rf"\b{module}\b", python):
            yield from project.files_below(name) or ([Path(name)] if (project.root / name).is_file() else ())


def digests(project: DbtProject) -> dict[str, str]:
    """The digest of each file's content, by its path below the project's folder.

    Raises:
        ProjectError: one cannot be read.
    """
    return {CONFIGURATION: project.loaded} | {
        file.as_posix(): content(project.place(file)) for file in files(project) if file != Path(CONFIGURATION)
    }


def content(file: Path) -> str:
    """The SHA-256 of a file's content, hexadecimal; it is read again only when it has changed.

    Raises:
        ProjectError: it cannot be read.
    """
    try:
        state = file.stat()
        # Transforms share projects. What a Run builds is digested as it is copied (`overlay`), and never by this.
        return _content(file, (state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns))
    except OSError as fault:
        raise ProjectError(f"{file} cannot be read: {fault.strerror}") from fault


@functools.lru_cache(maxsize=100_000)
def _content(file: Path, state: tuple[int, ...]) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
