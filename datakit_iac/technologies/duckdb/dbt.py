"""How dbt reaches DuckDB files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.runtimes.dbt.profile import THREADS, Profile
from datakit_iac.technologies.duckdb import types


class DuckDBProfile:
    """One file is built in; the others are attached, to be read."""

    module = "dbt.adapters.duckdb"
    default_schema = "main"

    def profile(self, output: BoundDataSet, schema: str, inputs: Sequence[BoundDataSet]) -> Profile:
        """The profile of dbt-duckdb.

        Raises:
            ValueError: an input lies in no DuckDB file.
        """
        home = _file(output.connection)
        others: dict[Path, str] = {}
        databases: dict[str, str] = {}
        for dataset in inputs:
            if dataset.connection.technology != output.connection.technology:
                raise ValueError(
                    f"input {dataset.name} lies in {dataset.connection.technology}; dbt on DuckDB reads DuckDB files"
                    " only, so load it into one first"
                )
            if (file := _file(dataset.connection)) != home:
                databases[dataset.store] = others.setdefault(file, f"datakit_{dataset.store.replace('-', '_')}")
        target: dict[str, Any] = {
            "type": "duckdb",
            "path": str(home),
            "schema": schema,
            "threads": THREADS,
            # The file has one writer: it must be free again after each build.
            "keep_open": False,
        }
        if others:
            attach = [{"path": str(file), "alias": alias, "read_only": True} for file, alias in sorted(others.items())]
            target["attach"] = attach
        # As DuckDB names a database after its file.
        return Profile(target, home.name.lstrip(".").split(".")[0], databases, type_name=types.write)


def _file(connection: Connection) -> Path:
    return Path(str(connection.options.get("path", ""))).absolute()
