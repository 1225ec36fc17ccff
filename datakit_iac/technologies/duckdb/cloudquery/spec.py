"""The spec of the destination."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.technologies.sql.loading.spec import LoadSpec, read

_FIELDS: Final = ("path", "lock_timeout", "threads")
_LOCK_TIMEOUT: Final = 60.0


@dataclass(frozen=True, slots=True)
class DuckDBSpec(LoadSpec):
    """Where rows go; see the package's docstring."""

    path: Path
    lock_timeout: float = _LOCK_TIMEOUT
    threads: int = 2

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> DuckDBSpec:
        """Read the plugin's spec.

        Raises:
            PluginFault: a field is missing, unknown or of the wrong kind.
        """
        common, path = read(document, _FIELDS), document.get("path")
        if not isinstance(path, str) or not path:
            raise PluginFault(f"the destination's path is {path!r}; expected the path of a DuckDB file")
        timeout = float(document.get("lock_timeout", _LOCK_TIMEOUT))
        return cls(Path(path), timeout, int(document.get("threads", 2)), **common)
