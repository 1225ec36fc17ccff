"""A Transform that is a function."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from datakit_iac import Table, dataset, transform

lengths = dataset(
    "lengths",
    store="warehouse",
    table="marts.lengths",
    schema=pa.schema([("name", pa.string()), ("length", pa.int32())]),
)


@transform(inputs={"revenue": "revenue"}, outputs={"lengths": lengths})
def measure(revenue: Table) -> Table:
    """Measure the names of those who bought something."""
    return pa.table({"name": revenue["name"], "length": pc.utf8_length(revenue["name"])})
