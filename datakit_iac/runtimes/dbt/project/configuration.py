"""What dbt reads by its name and place, whatever the project: its files, its folders and their YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

CONFIGURATION: Final = "dbt_project.yml"
SELECTORS: Final = "selectors.yml"
NAMED: Final = (
    CONFIGURATION,
    "packages.yml",
    "dependencies.yml",
    "package-lock.yml",
    ".dbtignore",
    "catalogs.yml",
    SELECTORS,
)
"""The files beside the folders that dbt reads by their names."""
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEFAULT_PATHS: Final = {
    "model": "models",
    "seed": "seeds",
    "snapshot": "snapshots",
    "test": "tests",
    "macro": "macros",
    "function": "functions",
    "analysis": "analyses",
}
KINDS: Final = (*DEFAULT_PATHS, "docs", "asset")
"""The kinds of files that have folders of their own."""


class ProjectError(ValueError):
    """The folder holds no dbt project that can be read; the text is one sentence."""


def has_key(value: Any, keys: tuple[str, ...]) -> bool:
    """Whether a mapping, or one in it, has one of the keys."""
    return isinstance(value, dict) and any(key in keys or has_key(each, keys) for key, each in value.items())


def load(file: Path) -> Any:
    """The content of a YAML file.

    Raises:
        ProjectError: it is not valid YAML.
    """
    return parsed(file.read_bytes(), file)


def parsed(content: bytes, file: Path) -> Any:
    """What a text in YAML says, read from a file.

    Raises:
        ProjectError: it is not valid YAML.
    """
    try:
        return yaml.load(content.decode(), Loader=_LOADER)
    except (yaml.YAMLError, UnicodeDecodeError) as fault:
        mark = getattr(fault, "problem_mark", None)
        where = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else str(file)
        raise ProjectError(f"{where}: not valid YAML: {getattr(fault, 'problem', None) or 'not UTF-8'}") from fault
