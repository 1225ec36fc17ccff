"""CloudQuery's plugins for topics: a source that reads what is there, and a destination that adds to it.

The spec of either::

    connection: {brokers: [kafka:9092]}    # the fields of `KafkaConnection`, secrets among them
    tables:
      - name: events                       # the table that rows are of
        topic: shop.events                 # its whole name
        format: json                       # json | avro
        columns: [{name: id, type: bigint, required: true, key: true}]
        quarantine: {table: rejected, max: 0.1%}    # of the source: where messages go that do not fit
    write_mode: append                     # of the destination: append, or overwrite for a compacted topic
    source: load                           # of the destination: the Transform
    run: 1f2a                              # of the destination: the same where the same Run is tried again

The source reads each partition from its beginning to where its committed messages end when the source is opened. The
destination writes all messages of a sync, and the record that its Run did, in one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datakit_iac.cloudquery_plugins.servicers import Destination, Source


def source() -> None:
    """The console script `datakit-source-kafka`."""
    from datakit_iac.cloudquery_plugins import serving
    from datakit_iac.cloudquery_plugins.servicers import SourceServicer
    from datakit_iac.version import __version__

    servicer = SourceServicer("kafka", __version__, open_source)
    heavy = "datakit_iac.technologies.kafka.cloudquery.source"
    serving.run(lambda: serving.serve("datakit-source-kafka", servicer, heavy))


def destination() -> None:
    """The console script `datakit-destination-kafka`."""
    from datakit_iac.cloudquery_plugins import serving
    from datakit_iac.cloudquery_plugins.servicers import DestinationServicer
    from datakit_iac.version import __version__

    servicer = DestinationServicer("kafka", __version__, open_destination)
    heavy = "datakit_iac.technologies.kafka.cloudquery.load"
    serving.run(lambda: serving.serve("datakit-destination-kafka", servicer, heavy))


def open_source(spec: Mapping[str, Any]) -> Source:
    """An opened source."""
    from datakit_iac.technologies.kafka.cloudquery.source import KafkaSource
    from datakit_iac.technologies.kafka.cloudquery.spec import KafkaSpec

    return KafkaSource(KafkaSpec.parse(spec))


def open_destination(spec: Mapping[str, Any]) -> Destination:
    """An opened destination."""
    from datakit_iac.technologies.kafka.cloudquery.load import Load
    from datakit_iac.technologies.kafka.cloudquery.spec import KafkaSpec

    return Load(KafkaSpec.parse(spec))
