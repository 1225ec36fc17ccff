"""What the CloudQuery destination of DuckDB is told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datakit_iac.cloudquery_plugins.adapters import Sync
from datakit_iac.technologies.duckdb.dialect import DUCKDB
from datakit_iac.technologies.sql.data_tests import queries


class DuckDBAdapter:
    """A DuckDB file as a destination of rows."""

    executable = "datakit-destination-duckdb"

    def spec(self, sync: Sync) -> Mapping[str, Any]:
        """The file, and the tests that each output must pass before its rows are committed."""
        options = sync.pairs[0].target.connection.options
        return {
            "path": str(Path(options["path"]).expanduser().absolute()),
            "write_mode": sync.write_mode,
            "source": sync.transform,
            "run": sync.run,
            "outputs": {
                str(target.place): {
                    "dataset": target.name,
                    "writers": target.writers,
                    "tests": [list(each) for each in queries(DUCKDB, target)],
                    "quarantine": target not in [pair.target for pair in sync.pairs],
                }
                for target in sync.targets
            },
        }
