"""What a Python job needs: the files in its folder that say so, and whether they leave anything to chance."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

LOCK: Final = "uv.lock"
PROJECT: Final = "pyproject.toml"
REQUIREMENTS: Final = "requirements.txt"

_INCLUDED: Final = re.compile(r"^\s*(?:-r|-c|--requirement|--constraint)[ =]?\s*(\S+)", re.MULTILINE)
_OF_A_PATH: Final = re.compile(r"^\s*(?:-e\b|--editable\b|\.|/|file:)|@\s*file:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Requirements:
    """What the files of a folder say.

    Attributes:
        file: the one that decides, for people.
        read: all that are read for it, by their paths in the folder.
        takes_code: whether code of the folder itself is installed, so that every file of it counts.
        chance: why another day may give other packages; empty where nothing is left to chance.
    """

    file: str
    read: tuple[str, ...]
    takes_code: bool = False
    chance: str = ""


def requirements(folder: Path) -> Requirements | None:
    """What a folder asks for; None where it asks for nothing.

    `uv.lock` comes before `requirements.txt`, and that before `pyproject.toml`.

    Raises:
        ValueError: a file is not what it should be; the text names it.
    """
    project = _project(folder)
    if (folder / LOCK).is_file():
        if project is None:
            raise ValueError(f"{folder / LOCK} has no {PROJECT} with a [project] beside it")
        return Requirements(LOCK, (LOCK, PROJECT), _takes_code(project))
    if (folder / REQUIREMENTS).is_file():
        texts = dict(_texts(folder, REQUIREMENTS))
        whole = "\n".join(texts.values())
        chance = "" if "--hash=" in whole else f"{folder / REQUIREMENTS} has no hashes"
        return Requirements(REQUIREMENTS, tuple(texts), bool(_OF_A_PATH.search(whole)), chance)
    if project is not None:
        return Requirements(PROJECT, (PROJECT,), _takes_code(project), f"{folder} has no {LOCK}")
    return None


def _project(folder: Path) -> Mapping[str, Any] | None:
    """The content of `pyproject.toml`; None where it sets up tools alone."""
    file = folder / PROJECT
    if not file.is_file():
        return None
    try:
        said = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise ValueError(f"{file} cannot be read: {fault}") from fault
    return said if "project" in said else None


def _takes_code(project: Mapping[str, Any]) -> bool:
    uv = project.get("tool", {}).get("uv", {})
    sources = [uv.get("sources"), uv.get("workspace")]
    return "build-system" in project or bool(uv.get("package")) or any(map(_has_path, sources))


def _has_path(said: Any) -> bool:
    if isinstance(said, dict):
        return not {"path", "workspace", "members"}.isdisjoint(said) or any(map(_has_path, said.values()))
    return isinstance(said, list) and any(map(_has_path, said))


def _texts(folder: Path, name: str, seen: frozenset[str] = frozenset()) -> Iterator[tuple[str, str]]:
    """A file of requirements, and those that it includes."""
    try:
        text = (folder / name).read_text(encoding="utf-8")
    except (OSError, ValueError) as fault:
        raise ValueError(f"{folder / name} cannot be read: {fault}") from fault
    yield name, text
    for included in _INCLUDED.findall(text):
        path = (Path(name).parent / included).as_posix()
        if "://" not in included and path not in seen:
            yield from _texts(folder, path, seen | {name})
