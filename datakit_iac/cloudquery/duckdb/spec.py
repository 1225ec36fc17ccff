"""What the destination is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from datakit_iac.cloudquery.servicers import PluginFault

MODES: Final = ("append", "overwrite", "overwrite-delete-stale")
_FIELDS: Final = ("path", "lock_timeout", "write_mode", "threads")
_LOCK_TIMEOUT: Final = 60.0


@dataclass(frozen=True, slots=True)
class DuckDBSpec:
    """Where rows go; see the package's docstring."""

    path: Path
    lock_timeout: float = _LOCK_TIMEOUT
    write_mode: str = ""
    threads: int = 2

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> DuckDBSpec:
        """Read the plugin's spec.

        Raises:
            PluginFault: a field is missing, unknown or of the wrong kind.
        """
        if unknown := sorted(set(document) - set(_FIELDS)):
            raise PluginFault(
                f"the spec of the destination has unknown fields {', '.join(unknown)}; expected {', '.join(_FIELDS)}"
            )
        path, mode = document.get("path"), document.get("write_mode", "")
        if not isinstance(path, str) or not path:
            raise PluginFault(f"the destination's path is {path!r}; expected the path of a DuckDB file")
        if mode and mode not in MODES:
            raise PluginFault(f"write_mode is {mode!r}; expected one of {', '.join(MODES)}")
        timeout = float(document.get("lock_timeout", _LOCK_TIMEOUT))
        return cls(Path(path), timeout, mode, int(document.get("threads", 2)))
