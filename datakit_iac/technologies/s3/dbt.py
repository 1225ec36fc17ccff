"""How dbt on DuckDB reads and writes S3: rows are brought to a DuckDB file, and what is built is loaded from there.

DuckDB's own extension for S3 is not needed: it is not in DuckDB's package, and what a prefix holds is what its snapshot
names, which the extension does not know.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.runtimes.dbt.profile import CARRIED, Profile
from datakit_iac.technologies.duckdb.dbt import CARRIED_PATH, DuckDBProfile, built_in
from datakit_iac.technologies.s3.layouts import unwritable


class S3Profile:
    """What goes to S3 is built in the file of carried rows."""

    module = DuckDBProfile.module
    default_schema = DuckDBProfile.default_schema

    def profile(self, output: BoundDataSet, schema: str, inputs: Sequence[BoundDataSet]) -> Profile:
        """The profile of dbt-duckdb.

        Raises:
            ValueError: an input is neither in a DuckDB file nor where rows are carried from.
        """
        return built_in(CARRIED_PATH, CARRIED, schema, inputs)


class S3Carrier:
    """Rows between prefixes and tables of a DuckDB file."""

    def faults(self, dataset: BoundDataSet) -> Sequence[str]:
        """Formats and notations that are not written, and tests that do not run there."""
        return list(unwritable(dataset))

    def fetch(self, datasets: Sequence[BoundDataSet], database: Path) -> list[str]:
        """Put the rows of each DataSet into its table; see `Carrier`."""
        from datakit_iac.technologies.s3.carrying import fetch

        return fetch(datasets, database)

    def publish(self, datasets: Sequence[BoundDataSet], database: Path, transform: str, run: str) -> list[str]:
        """Load each DataSet from its table; see `Carrier`."""
        from datakit_iac.technologies.s3.carrying import publish

        return publish(datasets, database, transform, run)
