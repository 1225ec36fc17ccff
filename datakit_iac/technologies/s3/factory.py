"""The Technology `s3`: cheap to import, for the driver comes with the session."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.findings.fault import Fault
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.evolution import Change
from datakit_iac.technologies.files import csv_options
from datakit_iac.technologies.files.factory import address, contradictions
from datakit_iac.technologies.s3.connection import S3Connection
from datakit_iac.technologies.s3.layouts import is_unlike
from datakit_iac.technologies.technology import Capabilities, StoreError, StoreMissingError

if TYPE_CHECKING:
    from datakit_iac.technologies.s3.session import S3Session

_AGAIN: Final = "objects that were loaded are written again"
_AT: Final = "@"
"""Between bucket and endpoint in a location; neither has one."""


class S3:
    """Objects below prefixes of a bucket, of AWS or of any other service that speaks S3."""

    name = "s3"
    connection = S3Connection
    capabilities = Capabilities(places=("prefix",), keeps_schema=False, reader=frozenset(csv_options.OPTIONS))

    def check(self, connection: Connection, *, create: bool = False) -> list[Fault]:
        """What the model says, then options of CSV that contradict each other."""
        faults = self.connection.faults(self.name, connection.options, connection.secrets)
        return faults or contradictions(connection.options)

    def location(self, connection: Connection) -> str:
        """Bucket and prefix, and the endpoint where it is not AWS's: ``s3:lake/raw@https://s3.example.com``."""
        options = connection.options
        inside = "/".join(filter(None, (str(options["bucket"]), str(options.get("prefix", "")).strip("/"))))
        endpoint = str(options.get("endpoint") or "").rstrip("/")
        return f"{self.name}:{inside}{f'{_AT}{endpoint}' if endpoint else ''}"

    def at(self, location: str) -> Connection:
        """The Store of a bucket and prefix; its credentials are those that the SDK finds."""
        inside, _, endpoint = location.partition(":")[2].rpartition(_AT)
        if "://" not in endpoint:
            inside, endpoint = location.partition(":")[2], ""
        bucket, _, prefix = inside.partition("/")
        options: dict[str, Any] = {"bucket": bucket}
        options |= {name: value for name, value in (("prefix", prefix), ("endpoint", endpoint)) if value}
        return Connection(self.name, options)

    def address(self, place: Place, connection: Connection) -> str:
        """The prefix within the Store; ``raw``, ``raw/`` and ``./raw`` are one."""
        return address(place)

    def size(self, connection: Connection) -> int:
        """The bytes of all objects below the Store's prefix."""
        try:
            with self.open(connection) as session:
                return session.size()
        except StoreMissingError:
            return 0

    def canonical(self, data_type: DataType) -> DataType:
        """Types are declared, objects keep none of their own."""
        return data_type

    def ddl(self, dataset: BoundDataSet, changes: Iterable[Change] | None) -> list[str]:
        """What becomes of the objects, of each change that touches them."""
        if changes is None:
            return [f"put {dataset.place.prefix}"]
        return [f"{each}: {_AGAIN}" for each in changes if is_unlike((), dataset, [each])]

    def faults(self, dataset: BoundDataSet) -> Sequence[Fault]:
        """None: all that a DataSet says beside its columns can be kept."""
        return ()

    def reconfigured(self, before: BoundDataSet, after: BoundDataSet) -> Sequence[str]:
        """Partitions or a format of its own for each object that a load of ours wrote."""
        said = []
        if before.partition_by != after.partition_by:
            said.append(f"partitioned by ({', '.join(after.partition_by) or 'nothing'}): {_AGAIN}")
        if before.place.format != after.place.format:
            said.append(f"format is {after.place.format or 'parquet'}: {_AGAIN}")
        return said

    @contextmanager
    def open(self, connection: Connection, *, create: bool = False) -> Iterator[S3Session]:
        """Find the bucket."""
        try:
            from datakit_iac.technologies.s3.session import S3Session
        except ModuleNotFoundError as fault:
            raise StoreError(
                f"a Store of s3 needs the package {str(fault.name).partition('.')[0]}; install datakit-iac[s3]"
            ) from fault
        session = S3Session(connection)
        session.demand_bucket(create=create)
        yield session
