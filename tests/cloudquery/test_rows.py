"""A source whose rows are Python mappings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.cloudquery_plugins.columns import DeclaredColumn
from datakit_iac.cloudquery_plugins.rows import BATCH_ROWS, RowSource, RowTable
from datakit_iac.cloudquery_plugins.servicers import PluginFault


def source(columns: Mapping[str, str], rows: Iterable[Mapping[str, Any]], required: str = "") -> RowSource:
    declared = [
        DeclaredColumn.parse({"name": name, "type": kind, "required": name == required, "key": name == required})
        for name, kind in columns.items()
    ]
    return RowSource([RowTable("raw.users", declared, lambda: rows)])


def read(of: RowSource) -> list[dict[str, Any]]:
    return [row for each in of.batches() for batch in wire.decode_batches(each) for row in batch.to_pylist()]


def test_values_of_each_type_arrive_and_what_has_no_column_is_left_out() -> None:
    columns = {"id": "bigint", "on": "date", "at": "timestamptz", "ports": "array<integer>", "tags": "json"}
    when = datetime(2026, 1, 2, 3, tzinfo=UTC)
    row = {"id": 1, "on": date(2026, 1, 2), "at": when, "ports": [22], "tags": {"b": "é", "a": None}, "more": 7}
    (full, empty) = read(source(columns, [row, {}]))
    assert full == {**{name: row[name] for name in columns}, "tags": '{"a": null, "b": "é"}'.encode()}
    assert set(empty.values()) == {None}


def test_the_schema_has_the_contract_s_key() -> None:
    (schema,) = map(wire.decode_schema, source({"id": "bigint", "tags": "json"}, [], required="id").tables())
    assert (wire.table_name(schema), wire.primary_key(schema)) == ("raw.users", ("id",))
    assert not schema.field("id").nullable


def test_more_rows_than_one_batch_all_arrive() -> None:
    count = 2 * BATCH_ROWS + 1
    of = source({"id": "bigint"}, ({"id": number} for number in range(count)))
    batches = [batch for each in of.batches() for batch in wire.decode_batches(each)]
    assert [batch.num_rows for batch in batches] == [BATCH_ROWS, BATCH_ROWS, 1]
    assert sum(sum(batch.column(0).to_pylist()) for batch in batches) == count * (count - 1) // 2


def test_a_value_that_does_not_fit_is_refused_without_being_repeated() -> None:
    with pytest.raises(PluginFault) as refused:
        read(source({"id": "bigint"}, [{"id": 1}, {"id": "ann@x.io"}]))
    assert str(refused.value) == "raw.users, column id: its values are int and str; the contract says bigint"


def test_a_required_value_that_is_missing_is_refused_with_its_row() -> None:
    rows = [{"id": number if number != BATCH_ROWS else None} for number in range(BATCH_ROWS + 1)]
    with pytest.raises(PluginFault, match=r"raw\.users, row 5001, column id: there is no value, which the contract"):
        read(source({"id": "bigint"}, rows, required="id"))


def test_what_asking_fails_with_is_passed_on() -> None:
    def rows() -> Iterable[Mapping[str, Any]]:
        yield {"id": 1}
        raise PluginFault("denied")

    with pytest.raises(PluginFault, match="denied"):
        read(source({"id": "bigint"}, rows()))
