"""A CloudQuery destination for Snowflake.

Its spec::

    connection: {account: acme, database: shop, user: loader, password: …}    # the fields of a Store, with secrets
    write_mode: overwrite     # optional, the CLI tells plugins none: lets what cannot work be refused
    source: load              # optional: the source whose rows come
    run: 1f2a                 # optional, hexadecimal: the same where the same Run is tried again
    outputs:                  # optional, by table
      raw.users: {dataset: users, writers: [load], tests: [[unique, id, "SELECT count(*) …"]]}

Snowflake commits whatever defines something by itself, so a sync has these steps, each of which a later one can follow:

1. Tables are made, and columns added. Nothing is dropped, and no row is changed.
2. Rows are written to Parquet files, put to a temporary stage and copied into temporary tables, all of which end with
   the session.
3. The mark in each table's comment tells that this Run is about to write, beside what it told before.
4. One transaction of a few statements removes and adds rows and runs the tests of `outputs`; it is committed only when
   the CLI closes the plugin after a sync without error.
5. The mark tells that this Run wrote.

Where it ends before the commit, all rows are as they were. Where it ends after, the rows are those of the sync, and a
Run that is tried again finds by the mark what it wrote, so that nothing is appended twice. No transaction is open while
rows come, so that a plugin that is killed then leaves no lock.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datakit_iac.cloudquery_plugins.servicers import Destination

_HEAVY = "datakit_iac.technologies.snowflake.cloudquery.load"


def main() -> None:
    """The console script `datakit-destination-snowflake`."""
    from datakit_iac.cloudquery_plugins import serving
    from datakit_iac.cloudquery_plugins.servicers import DestinationServicer
    from datakit_iac.version import __version__

    servicer = DestinationServicer("snowflake", __version__, open_destination)
    serving.run(lambda: serving.serve("datakit-destination-snowflake", servicer, _HEAVY))


def open_destination(spec: Mapping[str, Any]) -> Destination:
    """An opened destination."""
    from datakit_iac.cloudquery_plugins.servicers import PluginFault
    from datakit_iac.technologies.technology import missing_driver

    try:
        from datakit_iac.technologies.snowflake.cloudquery.load import Load
        from datakit_iac.technologies.snowflake.cloudquery.spec import SnowflakeSpec
    except ImportError as lacking:
        raise PluginFault(missing_driver("Snowflake", "snowflake", lacking)) from lacking
    return Load(SnowflakeSpec.parse(spec))
