"""CloudQuery plugins for S3: a source and a destination.

The source reads what snapshots name, or what is listed, as `technologies.files.cloudquery` reads files. Its spec
is that one's, and each table says where its Store is instead of a folder::

    tables:
      - name: raw.flights
        path: flights/                  # below the Store's prefix: a prefix, a key, or a pattern
        store: {bucket: lake, prefix: raw, endpoint: https://s3.example.com}     # as the Store's connection
        secrets: {accessKeyId: …, secretAccessKey: …}
        retention: 90d

The destination's spec::

    store: {bucket: lake}
    secrets: {accessKeyId: …, secretAccessKey: …}
    write_mode: overwrite-delete-stale
    source: load                        # the source whose rows come
    run: 1f2a                           # the same where the same Run is tried again
    outputs:                            # by prefix
      flights/: {dataset: flights, format: parquet, partition_by: [year], writers: [load], columns: […], …}

Rows are collected in a scratch file, written as objects under names of their own, read back, and become what the prefix
holds by one switch of its snapshot, after the sync and without error. Until then they are not visible.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datakit_iac.cloudquery_plugins.servicers import Destination, Source

_HEAVY = "datakit_iac.technologies.s3.cloudquery."


def source() -> None:
    """The console script `datakit-source-s3`."""
    from datakit_iac.cloudquery_plugins import serving
    from datakit_iac.cloudquery_plugins.servicers import SourceServicer
    from datakit_iac.version import __version__

    served = SourceServicer("s3", __version__, open_source)
    serving.run(lambda: serving.serve("datakit-source-s3", served, f"{_HEAVY}source"))


def destination() -> None:
    """The console script `datakit-destination-s3`."""
    from datakit_iac.cloudquery_plugins import serving
    from datakit_iac.cloudquery_plugins.servicers import DestinationServicer
    from datakit_iac.version import __version__

    served = DestinationServicer("s3", __version__, open_destination)
    serving.run(lambda: serving.serve("datakit-destination-s3", served, f"{_HEAVY}load"))


def open_source(spec: Mapping[str, Any]) -> Source:
    """An opened source."""
    from datakit_iac.technologies.s3.cloudquery.source import S3Source

    return S3Source(spec)


def open_destination(spec: Mapping[str, Any]) -> Destination:
    """An opened destination."""
    from datakit_iac.technologies.s3.cloudquery.load import Load
    from datakit_iac.technologies.s3.cloudquery.spec import LoadSpec

    return Load(LoadSpec.parse(spec))
