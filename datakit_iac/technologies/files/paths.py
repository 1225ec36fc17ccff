"""Where a Store's path is: on disk, or inside an installed Python package."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Final

SCHEME: Final = "package:"


def resolve(path: str) -> Path:
    """The place on disk of a path; ``package:NAME/folder`` is inside the installed Python package NAME.

    A relative path counts from the working directory. The package is found, not imported. Whether the place exists is
    not asked, only whether the package does.

    >>> resolve("package:json/decoder.py").name
    'decoder.py'

    Raises:
        FileNotFoundError: there is no such package, or it is in no folder.
    """
    if not path.startswith(SCHEME):
        return Path(path).expanduser().absolute()
    name, _, inside = path.removeprefix(SCHEME).partition("/")
    return _package(name, path) / inside


def _package(name: str, path: str) -> Path:
    try:
        spec = find_spec(name) if name else None
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        raise FileNotFoundError(
            f"{path}: there is no installed Python package {name!r}; install it, or fix the path (package:NAME/folder)"
        )
    if not spec.submodule_search_locations:
        raise FileNotFoundError(f"{path}: {name} is a single module, not a package with a folder of files")
    return Path(next(iter(spec.submodule_search_locations)))
