"""The variables that a dbt project asks its environment for."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from typing import Final

from datakit_iac.runtimes.dbt.project import given
from datakit_iac.runtimes.dbt.project.dbt_project import DbtProject
from datakit_iac.runtimes.dbt.project.macros import templated

_TEMPLATED: Final = (".sql", ".yml", ".yaml")
_ASKED: Final = re.compile(r"""\benv_var\s*\(\s*(['"])(\w+)\1\s*(,?)""")


def undeclared(project: DbtProject, declared: Set[str], present: Mapping[str, str]) -> list[str]:
    """The variables that templates ask for and the job does not declare, each as one sentence.

    dbt reads the whole project for every job. A variable with a default may be left out, unless it is set
    here: its value would seem to be used.

    Args:
        project: the project.
        declared: the names of the job's variables.
        present: the environment of this process.
    """
    wanted: dict[str, Path] = {}
    for file, name, has_default in _asked(project):
        if name not in declared and (name in present or not has_default):
            wanted.setdefault(name, file)
    return [
        f"{project.place(file)} asks for env_var('{name}'), which the Transform does not declare, and dbt sees no "
        f'other: `env: [{{name: {name}, value: "${{{name}}}"}}]`'
        for name, file in wanted.items()
    ]


def needed(project: DbtProject, present: Mapping[str, str]) -> list[str]:
    """The names of the variables that a Transform of the project must declare, see `undeclared`."""
    return sorted({name for _, name, has_default in _asked(project) if name in present or not has_default})


def _asked(project: DbtProject) -> Iterator[tuple[Path, str, bool]]:
    """The variables that templates ask for: where, which, and whether there is a default."""
    for file in given.own(project):
        if file.suffix.lower() in _TEMPLATED:
            state = project.place(file).stat()
            for name, has_default in _in_file(project.place(file), state.st_mtime_ns, state.st_size):
                yield file, name, has_default


@functools.lru_cache(maxsize=100_000)
def _in_file(file: Path, changed: int, size: int) -> tuple[tuple[str, bool], ...]:
    """What one file asks for; files are read again only when they have changed."""
    text = file.read_text(encoding="utf-8", errors="replace")
    if "env_var" not in text:
        return ()
    return tuple((name, bool(comma)) for _, name, comma in _ASKED.findall(templated(text)))
