"""A CloudQuery destination for DuckDB.

Its spec::

    path: warehouse.duckdb    # the database file
    lock_timeout: 60          # seconds to wait for another process that has the file open
    write_mode: overwrite     # optional, the CLI tells plugins none: lets what cannot work be refused
    threads: 2
    source: load              # optional: the source whose rows come
    run: 1f2a                 # optional, hexadecimal: the same where the same Run is tried again
    outputs:                  # optional, by table
      raw.users: {dataset: users, writers: [load], tests: [[unique, id, "SELECT count(*) …"]]}

Everything of one sync is one transaction, committed only when the CLI closes the plugin after a sync without error. A
table that is there is never recreated: columns are added or widened, comments stay, rows are replaced. Of `outputs` the
tests must pass before the commit, rows of sources that are no longer writers go with the stale ones, and the mark in
the table's comment tells which Run wrote it, so that what a failed attempt appended is not appended twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datakit_iac.cloudquery_plugins.servicers import Destination

_HEAVY = "datakit_iac.technologies.duckdb.cloudquery.load"


def main() -> None:
    """The console script `datakit-destination-duckdb`."""
    from datakit_iac.cloudquery_plugins import serving
    from datakit_iac.cloudquery_plugins.servicers import DestinationServicer
    from datakit_iac.version import __version__

    servicer = DestinationServicer("duckdb", __version__, open_destination)
    serving.run(lambda: serving.serve("datakit-destination-duckdb", servicer, _HEAVY))


def open_destination(spec: Mapping[str, Any]) -> Destination:
    """An opened destination."""
    from datakit_iac.technologies.duckdb.cloudquery.load import Load
    from datakit_iac.technologies.duckdb.cloudquery.spec import DuckDBSpec

    return Load(DuckDBSpec.parse(spec))
