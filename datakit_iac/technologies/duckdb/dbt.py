"""How dbt reaches DuckDB files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.runtimes.dbt.profile import CARRIED, CARRIED_FILE, THREADS, Profile, carriers
from datakit_iac.technologies.duckdb import types

CARRIED_PATH = f"{{{{ env_var('{CARRIED_FILE}') }}}}"
"""Where the file of carried rows is, as a profile says it."""


class DuckDBProfile:
    """One file is built in; the others are attached, to be read, and so is that of carried rows."""

    module = "dbt.adapters.duckdb"
    default_schema = "main"

    def profile(self, output: BoundDataSet, schema: str, inputs: Sequence[BoundDataSet]) -> Profile:
        """The profile of dbt-duckdb.

        Raises:
            ValueError: an input is neither in a DuckDB file nor where rows are carried from.
        """
        home = _file(output.connection)
        # As DuckDB names a database after its file.
        database = home.name.lstrip(".").split(".")[0]
        return built_in(str(home), database, schema, inputs, output.connection.technology, home)


def built_in(
    path: str,
    database: str,
    schema: str,
    inputs: Sequence[BoundDataSet],
    technology: str = "duckdb",
    home: Path | None = None,
) -> Profile:
    """The profile of dbt-duckdb to build in a file.

    Args:
        path: the file, as the profile says it.
        database: as DuckDB names it.
        schema: what is built in by default.
        inputs: what is read.
        technology: that of DuckDB files.
        home: the file; None where it is that of carried rows.

    Raises:
        ValueError: an input is neither in a DuckDB file nor where rows are carried from.
    """
    others: dict[str, str] = {}
    databases: dict[str, str] = {}
    for dataset in inputs:
        if dataset.connection.technology in carriers():
            if home:
                databases[dataset.store] = others.setdefault(CARRIED_PATH, CARRIED)
        elif dataset.connection.technology != technology:
            raise ValueError(
                f"input {dataset.name} is in {dataset.connection.technology}; dbt on DuckDB reads DuckDB files only,"
                f" and what is in {', '.join(carriers())}, so load it into one first"
            )
        elif (file := _file(dataset.connection)) != home:
            databases[dataset.store] = others.setdefault(str(file), f"datakit_{dataset.store.replace('-', '_')}")
    target: dict[str, Any] = {
        "type": "duckdb",
        "path": path,
        "schema": schema,
        "threads": THREADS,
        # The file has one writer: it must be free again after each build.
        "keep_open": False,
        # And it may be another's: after each attempt dbt waits twice as long as before, a minute in all.
        "retries": {"connect_attempts": 6, "retryable_exceptions": ["IOException"]},
    }
    if others:
        target["attach"] = [{"path": file, "alias": alias, "read_only": True} for file, alias in sorted(others.items())]
    return Profile(target, database, databases, type_name=types.write)


def _file(connection: Connection) -> Path:
    return Path(str(connection.options.get("path", ""))).absolute()
