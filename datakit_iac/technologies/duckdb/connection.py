"""How a DuckDB file is reached."""

from __future__ import annotations

from pydantic import Field

from datakit_iac.technologies.connection import ConnectionModel, Text


class DuckDBConnection(ConnectionModel):
    """What a Store of DuckDB is reached by."""

    path: Text = Field(description="The database file's path.")
