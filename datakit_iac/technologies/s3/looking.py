"""Objects as rows to look at: where the first suffices, no other is fetched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from datakit_iac.cloudquery_plugins.events import Event
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.technologies.duckdb.batches import Batches
from datakit_iac.technologies.files.cloudquery.finding import DataFile
from datakit_iac.technologies.files.cloudquery.looking import as_seen, cut, nothing, read
from datakit_iac.technologies.files.cloudquery.spec import TableSpec
from datakit_iac.technologies.s3.carrying import in_clear
from datakit_iac.technologies.s3.cloudquery.adapter import S3SourceAdapter
from datakit_iac.technologies.s3.cloudquery.source import S3Source

__all__ = ["nothing", "rows"]


class _First(S3Source):
    """The first object of each table."""

    def __init__(self, document: Mapping[str, Any], tell: Callable[[Event], None]) -> None:
        super().__init__(document, tell, most=1)

    def files(self, spec: TableSpec) -> list[DataFile]:
        return cut(super().files(spec), self.folder)


@contextmanager
def rows(dataset: BoundDataSet, *, show_pii: bool, is_head: bool) -> Iterator[Batches]:
    """The rows of a DataSet in objects.

    Raises:
        PluginFault: they cannot be read as the contract says.
    """
    document = in_clear(S3SourceAdapter().spec(as_seen(dataset, show_pii=show_pii)))
    with read(lambda tell: (_First if is_head else S3Source)(document, tell)) as found:
        yield found
