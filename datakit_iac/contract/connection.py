"""How a Store is reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from datakit_iac.manifest.values.secret import Secret


@dataclass(frozen=True, slots=True)
class Connection:
    """A Store as one environment binds it.

    Attributes:
        technology: the entry-point name of the Technology, e.g. ``duckdb``.
        options: what is not secret, e.g. ``{"path": "warehouse.duckdb"}``; relative paths count from the working
            directory, which is the Pulumi project's.
        secrets: what is; never printed.
    """

    technology: str
    options: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, Secret] = field(default_factory=dict)
