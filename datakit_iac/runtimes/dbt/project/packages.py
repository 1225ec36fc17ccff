"""The packages of a dbt project: what it asks for, and what dbt's own lock file says it got."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

import yaml

from datakit_iac.runtimes.projects import Dependency

Source = Literal["package", "git", "tarball", "private", "local"]

ASKED: Final = ("packages.yml", "dependencies.yml")
LOCK: Final = "package-lock.yml"


@dataclass(frozen=True, slots=True)
class Package:
    """One package that a dbt project asks for.

    Attributes:
        name: as the project requires it, e.g. ``dbt-labs/dbt_utils``, or where it comes from.
        source: where it comes from: dbt's hub, a git repository, an archive, a git provider or a folder.
        constraint: the version or revision asked for, e.g. ``>=1.0.0,<2.0.0``; empty where there is none.
        version: the one in dbt's lock file; empty where that does not list it.
    """

    name: str
    source: Source
    constraint: str
    version: str


def packages(project: Path) -> tuple[Package, ...]:
    """The packages of the project in a folder; none where its files are not there or are not valid YAML.

    dbt reads the same files: https://docs.getdbt.com/docs/build/packages
    """
    locked = {
        _key(entry): str(entry.get("version") or entry.get("revision") or "") for entry in _entries(project, LOCK)
    }
    return tuple(
        Package(_key(entry), source, _constraint(entry), locked.get(_key(entry), ""))
        for file in ASKED
        for entry in _entries(project, file)
        if (source := _source(entry))
    )


def dependencies(project: Path) -> tuple[Dependency, ...]:
    """The packages of the project in a folder, as any runtime tells them."""
    by: Mapping[Source, Literal["version", "revision"]] = {
        "git": "revision", "private": "revision", "package": "version"
    }  # fmt: skip
    return tuple(
        Dependency(each.name, each.constraint, each.version, by.get(each.source)) for each in packages(project)
    )


def asked(project: Path) -> dict[Path, tuple[Package, ...]]:
    """What the project in a folder asks for, and what its packages that are folders ask for, by the folder of each.

    dbt takes every relative path from the folder of the project, also those in its packages.
    """
    found: dict[Path, tuple[Package, ...]] = {}
    waiting = [project]
    while waiting:
        if (folder := waiting.pop(0)) not in found:
            found[folder] = packages(folder)
            waiting += [place(project, each) for each in found[folder] if each.source == "local"]
    return found


def place(project: Path, package: Package) -> Path:
    """The folder of a package that is one."""
    # As dbt does: `~nobody` stays what it is.
    return Path(os.path.normpath(project / os.path.expanduser(package.name)))  # noqa: PTH111


def _entries(project: Path, file: str) -> Iterator[Mapping[str, Any]]:
    try:
        loaded = yaml.safe_load((project / file).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return  # dbt itself says so
    listed = loaded.get("packages") if isinstance(loaded, dict) else None
    yield from (entry for entry in (listed if isinstance(listed, list) else ()) if isinstance(entry, dict))


def _source(entry: Mapping[str, Any]) -> Source | None:
    sources: tuple[Source, ...] = get_args(Source)
    return next((source for source in sources if entry.get(source)), None)


def _key(entry: Mapping[str, Any]) -> str:
    source = _source(entry)
    return str(entry[source]) if source else ""


def _constraint(entry: Mapping[str, Any]) -> str:
    asked = entry.get("version") or entry.get("revision") or ""
    return ",".join(map(str, asked)) if isinstance(asked, list) else str(asked)
