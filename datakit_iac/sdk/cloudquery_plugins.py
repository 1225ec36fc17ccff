"""What a CloudQuery plugin in Python is made of; it needs the extra `cloudquery`."""

from __future__ import annotations

from datakit_iac.cloudquery_plugins.events import Event, emit
from datakit_iac.cloudquery_plugins.rows import RowSource, RowTable
from datakit_iac.cloudquery_plugins.servicers import (
    Destination,
    DestinationServicer,
    PluginFault,
    Source,
    SourceServicer,
)
from datakit_iac.cloudquery_plugins.serving import run, serve
from datakit_iac.cloudquery_plugins.types import from_arrow, to_arrow
from datakit_iac.technologies.sql.loading.session import SqlLoad

__all__ = [
    "Destination",
    "DestinationServicer",
    "Event",
    "PluginFault",
    "RowSource",
    "RowTable",
    "Source",
    "SourceServicer",
    "SqlLoad",
    "emit",
    "from_arrow",
    "run",
    "serve",
    "to_arrow",
]
