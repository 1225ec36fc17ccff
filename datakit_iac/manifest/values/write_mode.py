"""How a load writes rows; the standard library alone, for plugins."""

from __future__ import annotations

from typing import Final, Literal, get_args

WriteMode = Literal["overwrite-delete-stale", "overwrite", "append"]
"""Beside the rows that come, ``overwrite-delete-stale`` leaves those of other sources, ``overwrite`` those with other
primary keys, ``append`` all."""

WRITE_MODES: Final[tuple[str, ...]] = get_args(WriteMode)
DELETE_STALE: Final = "overwrite-delete-stale"
OVERWRITE: Final = "overwrite"
APPEND: Final = "append"
