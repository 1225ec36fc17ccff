"""Fetching the packages that a dbt project asks for and has not installed: ``dbt deps``, once for what it asks for.

Packages that are folders need none of this: their files are copied from where they are, like the project's own.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from datakit_iac.runtimes.dbt.project import packages
from datakit_iac.runtimes.dbt.project.configuration import CONFIGURATION
from datakit_iac.runtimes.dbt.project.dbt_project import DbtProject
from datakit_iac.runtimes.dbt.project.packages import ASKED, LOCK, Package
from datakit_iac.runtimes.job import JobFailedError

_INSTALLED: Final = "dbt_packages"
_UNREACHED: Final = re.compile(r"host='(?P<host>[^']+)'|Could not resolve host: (?P<name>[\w.-]+)")
_NO_ARCHIVE: Final = re.compile(r"not a gzip file|empty file|Compressed file ended|bad checksum|invalid header")
_ANSWERED: Final = re.compile(r"(?P<code>\d{3}) (?:Client|Server) Error: (?P<reason>.*?) for url: (?P<url>\S+)")


def missing(project: DbtProject) -> list[Package]:
    """The packages that a project asks for, that are not folders, and that are not installed."""
    if project.is_installed:
        return []
    return list(dict.fromkeys(each for asked in project.asked.values() for each in asked if each.source != "local"))


def faults(project: DbtProject) -> list[str]:
    """Packages that are folders and are not there, each as one sentence."""
    if project.is_installed:
        return []
    return [
        f"{_file(folder)} asks for the package {each.name!r}, "
        + (
            f"a template that dbt alone reads: run `dbt deps` in {project.root}, and what it installs is used"
            if "{{" in each.name
            else f"but there is no {CONFIGURATION} in {packages.place(project.root, each)}"
        )
        for folder, asked in project.asked.items()
        for each in asked
        if each.source == "local" and not (packages.place(project.root, each) / CONFIGURATION).is_file()
    ]


def unseen(project: DbtProject) -> list[str]:
    """What no approver can see before it is built, as one sentence."""
    if not (names := ", ".join(map(_called, missing(project)))):
        return []
    return [
        f"{_file(project.root)} requires {names}, which is not installed, so what would be built cannot be approved; "
        f"run `dbt deps` in {project.root}"
    ]


def unlocked(project: DbtProject) -> list[str]:
    """A sentence where dbt chooses the versions of what is fetched again on each machine."""
    if not missing(project) or (project.root / LOCK).is_file():
        return []
    return [
        f"{project.root} has no {LOCK}, so dbt chose the versions of its packages; "
        f"run `dbt deps --lock` in {project.root}, so that they are the same everywhere"
    ]


def fetch(
    project: DbtProject, home: Path, values: object, deps: Callable[[Path], str], mind: Callable[[], None]
) -> Path:
    """The folder with the packages that `missing` names, fetched into a cache where they are not there yet.

    They are put together beside it and renamed, so that what is there is whole.

    Args:
        project: the user's project, which is not written to.
        home: the cache of the project.
        values: plain data that templates in `packages.yml` may ask for.
        deps: runs ``dbt deps`` on the project in a folder, and returns dbt's error where there is one.
        mind: called while another process fetches; raises where the wait is cancelled.

    Raises:
        JobFailedError: they cannot be fetched; the text says why, and what to do.
    """
    folder = home / f"packages-{_key(project, values)}"
    home.mkdir(parents=True, exist_ok=True)
    with _alone(home / ".packages", mind):
        if not folder.is_dir():
            beside = folder.with_suffix(".new")
            shutil.rmtree(beside, ignore_errors=True)
            written = _project(project, beside)
            if error := deps(written):
                raise _failure(project, error)
            for link in [each for each in (written / _INSTALLED).iterdir() if each.is_symlink()]:
                link.unlink()  # a folder, which is copied from where it is
            (written / _INSTALLED).rename(folder)
            shutil.rmtree(beside)
        os.utime(folder)
    return folder


def _key(project: DbtProject, values: object) -> str:
    files = [folder / name for folder in project.asked for name in ASKED] + [project.root / LOCK]
    contents = [each.read_bytes() if each.is_file() else b"" for each in files]
    said = [json.dumps(values, sort_keys=True, default=str).encode()] if any(b"{{" in each for each in contents) else []
    return hashlib.sha256(b"\0".join([*contents, *said])).hexdigest()[:16]


def _project(project: DbtProject, folder: Path) -> Path:
    """A project that asks for the same packages; of those by a relative path, there is what they ask for in turn."""
    own = [each for asked in project.asked.values() for each in asked if each.source == "local"]
    relative = [os.path.normpath(each.name) for each in own if not each.name.startswith(("/", "~"))]
    depth = max((Path(each).parts.count("..") for each in relative), default=0)
    made = Path(folder, *["above"] * depth, "project").absolute()
    made.mkdir(parents=True)
    settings = {"name": project.name, "packages-install-path": _INSTALLED}
    (made / CONFIGURATION).write_text(json.dumps(settings), encoding="utf-8")
    _copy(project.root, made, (*ASKED, LOCK))
    for each in relative:
        _copy(project.root / each, Path(os.path.normpath(made / each)), (CONFIGURATION, *ASKED))
    return made


def _copy(folder: Path, to: Path, names: Iterable[str]) -> None:
    to.mkdir(parents=True, exist_ok=True)
    for name in names:
        if (folder / name).is_file():
            shutil.copyfile(folder / name, to / name)


@contextlib.contextmanager
def _alone(file: Path, mind: Callable[[], None]) -> Iterator[None]:
    with file.open("a", encoding="utf-8") as lock:
        while True:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            mind()
        yield


def _failure(project: DbtProject, error: str) -> JobFailedError:
    names = ", ".join(map(_called, missing(project)))
    fix = (
        f"run `dbt deps` in {project.root} where they can be fetched, and let {project.packages} there come along; "
        "what is installed is used as it is"
    )
    return JobFailedError(f"dbt deps cannot fetch {names}, which {_file(project.root)} asks for: {_why(error)}; {fix}")


def _why(error: str) -> str:
    if match := _ANSWERED.search(error):
        return f"{match['url']} answers {match['code']} {match['reason']}".rstrip()
    if match := _UNREACHED.search(error):
        return f"{match['host'] or match['name']} cannot be reached"
    if _NO_ARCHIVE.search(error):
        return "what came is not an archive, as where a server refuses it or has none"
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    return " ".join(lines) or "dbt gave no reason"


def _called(package: Package) -> str:
    return f"{package.name} {package.constraint}".rstrip()


def _file(folder: Path) -> Path:
    """The file in which a project asks for packages."""
    return next((folder / name for name in ASKED if (folder / name).is_file()), folder / ASKED[0])
