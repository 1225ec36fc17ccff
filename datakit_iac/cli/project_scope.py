"""What a PATH on the command line means: the project to read, and the part of it that findings are shown for."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from datakit_iac.cli.exit_codes import UsageError

if TYPE_CHECKING:
    from datakit_iac.findings.finding import Finding
    from datakit_iac.manifest.project import Project

_FOLDERS: Final = frozenset(
    {"connector", "store", "dataset", "transform", "environment", "policy"}
    | {"connectors", "stores", "datasets", "transforms", "environments", "policies"}
)
_AT_LEAST: Final = 2
"""The number of a project's folders, side by side, that make a project."""


@dataclass(frozen=True, slots=True)
class Scope:
    """A project, and the file or folder of it that findings are shown for.

    Attributes:
        root: the project's folder, absolute.
        part: the file or folder, absolute; the same as `root` where the whole project is meant.
    """

    root: Path
    part: Path

    @property
    def file(self) -> Path | None:
        """The part, where it is a file."""
        return self.part if self.part.is_file() else None

    @property
    def is_whole(self) -> bool:
        """Whether the whole project is selected."""
        return self.part == self.root

    @property
    def shown(self) -> str:
        """The part as people know it: from the working directory where it is below that."""
        here = Path.cwd()
        return str(self.part.relative_to(here)) if self.part.is_relative_to(here) else str(self.part)

    def holds(self, file: Path) -> bool:
        """Whether a file belongs to the part."""
        return Path(os.path.abspath(file)).is_relative_to(self.part)  # noqa: PTH100  # links stay as they are named

    def count(self, project: Project) -> int:
        """How many right manifests of a project belong to the part."""
        if self.is_whole:
            return len(project.origins)
        return sum(self.holds(origin.file) for origin in project.origins.values())

    def of(self, findings: Iterable[Finding]) -> list[Finding]:
        """Those of some findings that belong to the part, or to no file at all."""
        return [found for found in findings if not found.file or self.holds(Path(found.file))]


def add_path(parser: ArgumentParser) -> None:
    """Add the argument PATH, the same for every command that reads manifests."""
    parser.add_argument("path", nargs="?", default=".", metavar="PATH", help="a file, folder or project (default: .)")


def scope(path: str) -> Scope:
    """The project that a file or folder belongs to.

    It is the nearest folder above that has at least two of a project's folders (``dataset``, ``store``, …), one of
    which holds the path. Where there is none, a folder is a project by itself, and a file one with its folder.

    Raises:
        UsageError: there is no such file or folder.
    """
    part = Path(os.path.abspath(path))  # noqa: PTH100  # links stay as they are named
    if not part.exists():
        raise UsageError(f"there is no file or folder {path}", _hint(part))
    folder = part if part.is_dir() else part.parent
    if len(_known_folders(folder)) >= _AT_LEAST:
        return Scope(folder, part)
    for below in (folder, *folder.parents):
        if below.name in _FOLDERS and len(_known_folders(below.parent)) >= _AT_LEAST:
            return Scope(below.parent, part)
        if (below / ".git").exists():
            break
    return Scope(folder, part)


def pulumi_project(folder: Path) -> Path | None:
    """The folder of the Pulumi project that a folder is in: the nearest with a Pulumi.yaml, itself or above."""
    return next((each for each in (folder, *folder.parents) if (each / "Pulumi.yaml").is_file()), None)


def pulumi_folder(folder: Path) -> Path:
    """The folder of the Pulumi project that a folder is in, which must be in one.

    Raises:
        UsageError: there is no Pulumi project here or above.
    """
    if found := pulumi_project(folder):
        return found
    raise UsageError(f"there is no Pulumi.yaml in {folder} or above", "go to the folder of a Pulumi project")


def _known_folders(folder: Path) -> list[str]:
    return [name for name in _FOLDERS if (folder / name).is_dir()]


def _hint(part: Path) -> str:
    from datakit_iac.findings.nearest import nearest

    hint = nearest(part.name, (beside.name for beside in part.parent.iterdir())) if part.parent.is_dir() else ""
    return hint if hint.startswith("did") else ""
