from __future__ import annotations

import pyarrow as pa
import pytest

from datakit_iac.cloudquery_plugins.types import from_arrow, to_arrow
from datakit_iac.manifest.values.types import NAMES, DataType
from datakit_iac.technologies.duckdb.types import find, write


@pytest.mark.parametrize("name", [*NAMES, "decimal(10,2)", "array<string>", "array<decimal(9,0)>"])
def test_a_type_survives_arrow_and_duckdb(name: str) -> None:
    data_type = DataType.parse(name)

    assert from_arrow(to_arrow(data_type)) == data_type
    assert find(write(data_type)) == data_type


@pytest.mark.parametrize(
    ("arrow", "expected"),
    [
        (pa.uint8(), "smallint"),
        (pa.uint32(), "bigint"),
        (pa.uint64(), "decimal(20,0)"),
        (pa.large_string(), "string"),
        (pa.timestamp("ns"), "timestamp"),
        (pa.timestamp("ms", tz="Europe/Berlin"), "timestamptz"),
        (pa.date64(), "date"),
        (pa.time32("s"), "time"),
        (pa.binary(16), "binary"),
        (pa.large_list(pa.int8()), "array<smallint>"),
    ],
)
def test_what_other_sources_send_has_a_type(arrow: pa.DataType, expected: str) -> None:
    assert str(from_arrow(arrow)) == expected


def test_a_struct_is_refused() -> None:
    with pytest.raises(ValueError, match="no counterpart in a table"):
        from_arrow(pa.struct([("a", pa.int32())]))
