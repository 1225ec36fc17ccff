"""What the author of a technology implements so that CloudQuery reads or writes it; cheap to import."""

from __future__ import annotations

from datakit_iac.cloudquery_plugins.adapters import (
    Destination,
    Opens,
    Pair,
    Quarantine,
    ReadByOthers,
    Refuses,
    SignsIn,
    Source,
    Sync,
    WrittenByOthers,
)
from datakit_iac.cloudquery_plugins.columns import DeclaredColumn, declared
from datakit_iac.technologies.sql.loading.rendering import spec

__all__ = [
    "DeclaredColumn",
    "Destination",
    "Opens",
    "Pair",
    "Quarantine",
    "ReadByOthers",
    "Refuses",
    "SignsIn",
    "Source",
    "Sync",
    "WrittenByOthers",
    "declared",
    "spec",
]
