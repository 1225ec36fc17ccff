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

Spec of the source, which reads all tables of one database in one snapshot::

    tables:
      - name: raw.users       # the table the rows are for
        connection: {host: db, database: shop, user: reader, password: …}
        table: public.users   # the table or view they come from
        columns: [{name: id, type: bigint, required: true, key: false}]   # empty: all
    quarantine: raw.rejected  # optional: the table for what does not fit, into which nothing comes of a database
    batch_rows: 50000
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datakit_iac.cloudquery_plugins.servicers import Destination, Source


def destination() -> None:
    """The console script `datakit-destination-postgres`."""
    from datakit_iac.cloudquery_plugins import serving
    from datakit_iac.cloudquery_plugins.servicers import DestinationServicer
    from datakit_iac.version import __version__

    servicer = DestinationServicer("postgres", __version__, open_destination)
    heavy = "datakit_iac.technologies.postgres.cloudquery.load"
    serving.run(lambda: serving.serve("datakit-destination-postgres", servicer, heavy))


def open_destination(spec: Mapping[str, Any]) -> Destination:
    """An opened destination."""
    with _drivers():
        from datakit_iac.technologies.postgres.cloudquery.load import Load
        from datakit_iac.technologies.postgres.cloudquery.spec import PostgresSpec

    return Load(PostgresSpec.parse(spec))


def source() -> None:
    """The console script `datakit-source-postgres`."""
    from datakit_iac.cloudquery_plugins import serving
    from datakit_iac.cloudquery_plugins.servicers import SourceServicer
    from datakit_iac.version import __version__

    servicer = SourceServicer("postgres", __version__, open_source)
    heavy = "datakit_iac.technologies.postgres.cloudquery.source"
    serving.run(lambda: serving.serve("datakit-source-postgres", servicer, heavy))


def open_source(spec: Mapping[str, Any]) -> Source:
    """An opened source."""
    with _drivers():
        from datakit_iac.technologies.postgres.cloudquery.source import PostgresSource
        from datakit_iac.technologies.postgres.cloudquery.spec import SourceSpec

    return PostgresSource(SourceSpec.parse(spec))


@contextmanager
def _drivers() -> Iterator[None]:
    """Say what to install where a driver is missing."""
    from datakit_iac.cloudquery_plugins.servicers import PluginFault
    from datakit_iac.technologies.technology import missing_driver

    try:
        yield
    except ImportError as lacking:
        raise PluginFault(missing_driver("Postgres", "postgres", lacking)) from lacking
