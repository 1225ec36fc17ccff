"""The spec of the CloudQuery destination of DuckDB."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datakit_iac.cloudquery_plugins.adapters import Sync
from datakit_iac.technologies.duckdb.dialect import DUCKDB
from datakit_iac.technologies.sql.loading.rendering import spec


class DuckDBAdapter:
    """A DuckDB file as a destination of rows."""

    executable = "datakit-destination-duckdb"

    def spec(self, sync: Sync) -> Mapping[str, Any]:
        """The file, and the tests that each output must pass before its rows are committed."""
        path = Path(sync.pairs[0].target.connection.options["path"]).expanduser().absolute()
        return {"path": str(path), **spec(DUCKDB, sync)}
