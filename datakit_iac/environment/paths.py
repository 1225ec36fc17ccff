"""Paths of a project's manifests, as the provider needs them."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from datakit_iac.manifest.values.deferred import is_deferred

_SCHEME: Final = re.compile(r"^[a-z][a-z0-9+.-]+:")


def rooted(path: str, root: Path) -> str:
    """A path of a project, from the working directory, which is the Pulumi project's and the provider's too.

    Relative ones stay relative, so that a checkout can be moved; absolute ones, ``~``, ``scheme:`` and what only the
    engine knows are left alone.
    """
    if is_deferred(path) or Path(path).expanduser().is_absolute() or _SCHEME.match(path):
        return path
    return Path(os.path.relpath(root.absolute() / path)).as_posix()
