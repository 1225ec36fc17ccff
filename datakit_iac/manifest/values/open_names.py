"""Names of what any package may install."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

DEFAULT_EXECUTOR: Final = "local"
"""The executor of an environment that names none."""

_PACKAGE: Final = Path(__file__).parents[2]


@cache
def open_name(kind: str, name: str, *groups: str) -> str:
    """The name of something that packages install; a misspelling of one of datakit's own is refused.

    Args:
        kind: the folder of ours, each of which has a folder of its own: that is there before all packages are asked.
        name: as a manifest says it.
        groups: the entry points by which it is installed.

    Raises:
        ValueError: nothing of that name is installed, and it is close to one of ours.
    """
    if (_PACKAGE / kind / name).is_dir():
        return name
    from datakit_iac import installed  # late: most projects have only ours
    from datakit_iac.findings.nearest import closest

    meant = closest(name, [each for group in groups for each in installed.ours(group)])
    if meant not in ("", name) and not any(name in installed.names(group) for group in groups):
        raise ValueError(f"nothing called {name!r} is installed; did you mean {meant!r}?")
    return name
