"""The validators of all kinds, kept from one process to the next as Python keeps the bytecode of modules.

To import pydantic and to build the models takes longer than to read two thousand manifests. What comes of it is kept
beside that bytecode (`records`), and is made anew where the sources or pydantic are others. The models alone say what
is right: the validators are theirs, and whatever one of them refuses, its model reads again and judges.
"""

from __future__ import annotations

import contextlib
import marshal
import os
from collections.abc import Mapping
from importlib.util import cache_from_source, find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_core import SchemaValidator

    from datakit_iac.manifest.document import Manifest


def keep(models: Mapping[str, type[Manifest]]) -> None:
    """Keep the validators for the processes after this one; where that cannot be, none are kept.

    Args:
        models: by kind.
    """
    from datakit_iac.manifest.records import packed

    file = _file()
    unfinished = f"{file}.{os.getpid()}"
    with contextlib.suppress(OSError, ValueError):
        content = marshal.dumps((_made_from(), {kind: packed(model) for kind, model in models.items()}))
        os.makedirs(os.path.dirname(file), exist_ok=True)
        with open(unfinished, "wb") as stream:
            stream.write(content)
        os.replace(unfinished, file)  # whole or not at all


def kept() -> dict[str, SchemaValidator]:
    """The validators by kind, which make records; none where none are kept that this installation would make."""
    from datakit_iac.manifest.records import validator

    try:
        with open(_file(), "rb") as stream:
            made_from, schemas = marshal.loads(stream.read())
    except (OSError, ValueError, TypeError, EOFError):  # there is none, or it is damaged
        return {}
    return {kind: validator(schema) for kind, schema in schemas.items()} if made_from == _made_from() else {}


def _file() -> str:
    """Beside the bytecode of this installation, for the Python that runs."""
    return cache_from_source(__file__).removesuffix(".pyc") + ".models"


def _made_from() -> list[tuple[str, int, int]]:
    """Every file that decides what the validators are, with its size and time, as for bytecode."""
    with os.scandir(os.path.dirname(__file__)) as entries:
        sources = [entry.path for entry in entries if entry.name.endswith(".py")]
    # pydantic itself asks for one version of its core and no other.
    pydantic = find_spec("pydantic")
    if pydantic is not None and pydantic.origin:
        sources.append(os.path.join(os.path.dirname(pydantic.origin), "version.py"))
    return [(path, found.st_size, found.st_mtime_ns) for path in sorted(sources) for found in [os.stat(path)]]
