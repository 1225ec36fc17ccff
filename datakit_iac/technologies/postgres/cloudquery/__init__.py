"""A CloudQuery destination and a source for Postgres.

Spec of the destination::

    connection: {host: db, database: shop, user: loader, password: …}    # the fields of a Store, secrets among them
    write_mode: overwrite     # optional, the CLI tells plugins none: lets what cannot work be refused
    source: load              # optional: the source whose rows come
    run: 1f2a                 # optional, hexadecimal: the same where the same Run is tried again
    outputs:                  # optional, by table
      raw.users: {dataset: users, writers: [load], tests: [[unique, id, "SELECT count(*) …"]]}

Everything of one sync is one transaction of one connection, committed only when the CLI closes the plugin after a sync
without error. A table that is there is never recreated: columns are added or widened, comments stay, rows are replaced.
Of `outputs` the tests must pass before the commit, rows of sources that are no longer writers go with the stale ones,
and the mark in the table's comment tells which Run wrote it, so that what a failed attempt appended is not appended
twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datakit_iac.cloudquery_plugins.servicers import Destination


def destination() -> None:
    """The console script `datakit-destination-postgres`."""
    from datakit_iac.cloudquery_plugins import serving
    from datakit_iac.cloudquery_plugins.servicers import DestinationServicer
    from datakit_iac.version import __version__

    servicer = DestinationServicer("postgres", __version__, _open_destination)
    heavy = "datakit_iac.technologies.postgres.cloudquery.load"
    serving.run(lambda: serving.serve("datakit-destination-postgres", servicer, heavy))


def _open_destination(spec: Mapping[str, Any]) -> Destination:
    from datakit_iac.technologies.postgres.cloudquery.load import Load
    from datakit_iac.technologies.postgres.cloudquery.spec import PostgresSpec

    return Load(PostgresSpec.parse(spec))
