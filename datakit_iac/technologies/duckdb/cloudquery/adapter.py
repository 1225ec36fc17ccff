"""The spec of the CloudQuery destination of DuckDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from datakit_iac.cloudquery_plugins.adapters import Sync
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.technologies.duckdb.dialect import DUCKDB
from datakit_iac.technologies.sql.loading.rendering import spec


class DuckDBAdapter:
    """A DuckDB file as a destination of rows."""

    executable = "datakit-destination-duckdb"
    opens = "datakit_iac.technologies.duckdb.cloudquery:open_destination"

    def spec(self, sync: Sync) -> Mapping[str, Any]:
        """The file, and the tests that each output must pass before its rows are committed."""
        return {"path": _file(sync.targets[0]), **spec(DUCKDB, sync)}

    def others(self, targets: Sequence[BoundDataSet]) -> Mapping[str, Any]:
        """The file: https://hub.cloudquery.io/plugins/destination/cloudquery/duckdb.

        Raises:
            ValueError: a table is in another schema than `main`, which such a plugin cannot be told.
        """
        for each in targets:
            if DUCKDB.parts(each.place)[0] != DUCKDB.default_schema:
                raise ValueError(f"the table {each.place} of {each.name} is not in the schema {DUCKDB.default_schema}")
        return {"connection_string": _file(targets[0])}


def _file(target: BoundDataSet) -> str:
    return str(Path(target.connection.options["path"]).expanduser().absolute())
