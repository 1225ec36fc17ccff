from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.technologies.files.cloudquery.source import FilesSource
from datakit_iac.technologies.files.cloudquery.spec import FilesSpec

Read = Callable[..., pa.Table]


def column(name: str, data_type: str, **more: bool) -> dict[str, Any]:
    return {"name": name, "type": data_type, **more}


@pytest.fixture
def read() -> Read:
    """Read one table of a file spec; its rows as Arrow."""

    def reading(path: Path | str, *columns: Mapping[str, Any], **options: Any) -> pa.Table:
        spec = FilesSpec.parse({"tables": [{"name": "t", "path": str(path), "columns": columns, **options}]})
        with closing(FilesSource(spec)) as source:
            schema = wire.decode_schema(source.tables()[0])
            return pa.Table.from_batches(
                [batch for data in source.batches() for batch in wire.decode_batches(data)], schema
            )

    return reading


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose path is short enough for a socket."""
    with TemporaryDirectory(prefix="dk-") as folder:
        yield Path(folder)
