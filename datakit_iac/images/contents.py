"""The files of a project, or of one Transform, in an image."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from datakit_iac.images.base_image import WORK, architecture
from datakit_iac.images.fault import ImageError
from datakit_iac.images.layer import Entry, entry, folder
from datakit_iac.runtimes.generic import folder as code_folder
from datakit_iac.runtimes.generic import go_build

PROGRAM: Final = "usr/local/bin/job"
"""The program of a Transform in Go."""

_MADE: Final = frozenset({"__pycache__", "__pypackages__", "node_modules"})
_DATABASES: Final = (".pyc", ".duckdb", ".duckdb.wal")


def of_project(root: Path) -> dict[str, Entry]:
    """The files of a project: all but hidden ones, environments of Python, settings of stacks, and databases.

    Raises:
        ImageError: there are none, or one cannot be read.
    """
    found = {f"{WORK}/{file.relative_to(root).as_posix()}": _inside(root, file) for file in _files(root)}
    if not found:
        raise ImageError(f"there are no files in {root}")
    return found


def of_code(code: Path) -> dict[str, Entry]:
    """The files of a Transform's folder, as its runtime sees them.

    Raises:
        ImageError: one cannot be read.
    """
    try:
        found = {f"{WORK}/{each.as_posix()}": _content(code / each) for each in code_folder.files(code)}
    except ValueError as fault:
        raise ImageError(str(fault)) from fault
    return found or {WORK: folder()}


def go_program(code: Path, command: Sequence[str], scratch: Path) -> tuple[dict[str, Entry], list[str]]:
    """The program of a Transform in Go, and how it is called.

    Raises:
        ImageError: it cannot be built.
    """
    build = go_build.build(command)
    if build is None:
        raise ImageError(f"`{shlex.join(command)}` is not built by Go", "say command: [go, run, PACKAGE, …]")
    tool = go_build.go()
    if tool is None:
        raise ImageError(go_build.MISSING)
    copied, program = scratch / "code", scratch / "job"
    code_folder.copy(code, copied)
    arguments = ["build", "-trimpath", "-buildvcs=false", "-ldflags=-buildid=", "-o", str(program), build.package]
    settings = {"CGO_ENABLED": "0", "GOOS": "linux", "GOARCH": architecture(), "GOWORK": "off"}
    done = subprocess.run(
        [tool.path, *arguments], cwd=copied, env=os.environ | settings, capture_output=True, text=True, check=False
    )
    if done.returncode or not os.access(program, os.X_OK):
        said = done.stderr.strip() or f"{build.package} is not `package main`"
        raise ImageError(f"`go build {build.package}` of {code} failed\n  " + said.replace("\n", "\n  "))
    shutil.rmtree(copied)
    return {PROGRAM: Entry(program, is_program=True)}, [f"/{PROGRAM}", *build.arguments]


def _files(root: Path) -> Iterator[Path]:
    def unreadable(fault: OSError) -> None:
        raise ImageError(f"{fault.filename} cannot be read: {fault.strerror}") from fault

    for parent, folders, names in os.walk(root, onerror=unreadable):
        folders[:] = sorted(each for each in folders if _is_theirs(Path(parent, each)))
        for name in sorted(names):
            is_settings = parent == str(root) and name.startswith("Pulumi.") and name != "Pulumi.yaml"
            is_left_out = name.startswith(".") or name.endswith(_DATABASES) or is_settings
            if not is_left_out and ((file := Path(parent, name)).is_file() or file.is_symlink()):
                yield file
        yield from (linked for each in folders if (linked := Path(parent, each)).is_symlink())


def _inside(root: Path, file: Path) -> Entry:
    if file.is_symlink() and (file.readlink().is_absolute() or not file.resolve().is_relative_to(root.resolve())):
        raise ImageError(f"{file} is a link to {file.readlink()}, which is not in the image", "copy what it points to")
    return entry(file)


def _is_theirs(path: Path) -> bool:
    return not path.name.startswith(".") and path.name not in _MADE and not (path / "pyvenv.cfg").is_file()


def _content(file: Path) -> Entry:
    """A file, and not the link that it may be: what it points to may be elsewhere."""
    return Entry(file.resolve(), is_program=os.access(file, os.X_OK))
