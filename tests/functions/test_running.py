"""Functions in memory: each form of input, each way to return rows, and what is refused."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from datakit_iac.testing import FunctionFault, run
from tests.functions import scoring

USERS = [{"id": 1, "name": "ann"}, {"id": 2, "name": None}]
ROWS = [{"id": 1, "v": "ann"}, {"id": 2, "v": None}]


@pytest.mark.parametrize(
    "function",
    [
        scoring.by_table,
        scoring.by_reader,
        scoring.by_generator,
        scoring.by_pandas,
        scoring.by_polars,
        scoring.by_lazy_polars,
    ],
)
@pytest.mark.parametrize("users", [USERS, []], ids=["rows", "none"])
def test_a_function_gets_its_input_as_it_asks_and_returns_what_it_likes(
    function: Callable[..., Any], users: list[Any]
) -> None:
    assert run(function, users=users) == (ROWS if users else [])


def test_relations_of_duckdb_can_be_joined() -> None:
    assert sorted(run(scoring.by_duckdb, users=USERS, others=USERS), key=lambda row: row["id"]) == ROWS


def test_inputs_may_be_arrow_and_several_outputs_come_by_their_keys() -> None:
    found = run(scoring.two, users=pa.Table.from_pylist(USERS), as_arrow=True)
    assert (found["a"].to_pylist(), found["b"].to_pylist()) == (ROWS, [{"n": 2}])


def test_values_of_every_type_are_those_of_the_contract() -> None:
    first, second = run(scoring.every_type)
    assert (str(first["price"]), first["code"], first["more"]) == (
        "1.50",
        f"{0:08}-0000-0000-0000-{7:012}",
        '{"k": [1, null]}',
    )
    assert (first["at"].isoformat(), first["tags"]) == ("2026-01-02T01:00:00+00:00", ["x", "y"])
    assert {value for name, value in second.items() if name != "id"} == {None}


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (
            scoring.wrong_columns,
            "what wrong_columns returned does not keep the contract of a\ncolumn v is missing\ncolumn extra is not in"
            " the contract\ncolumn extra2 is not in the contract\ncolumn id is string, expected bigint",
        ),
        (
            scoring.wrong_values,
            "what wrong_values returned does not keep the contract of a\ncolumn id is required, and 1 row has no value"
            " in it\ncolumn id has values that are not bigint",
        ),
        (
            scoring.late_wrong,
            "what late_wrong returned does not keep the contract of a: column id is required, and 1 row has no value"
            " in it",
        ),
        (
            scoring.returning_none,
            "what returning_none returned is None; expected pyarrow.Table, pyarrow.RecordBatchReader, pandas.DataFrame,"
            " polars.DataFrame, polars.LazyFrame or duckdb.DuckDBPyRelation, record batches or a list of rows",
        ),
    ],
)
def test_rows_that_do_not_keep_the_contract_are_refused_with_all_that_is_wrong(
    function: Callable[..., Any], said: str
) -> None:
    with pytest.raises(FunctionFault) as found:
        run(function, users=USERS)
    assert str(found.value) == said


def test_inputs_keep_their_contract_too_and_are_those_that_are_declared() -> None:
    with pytest.raises(FunctionFault, match="the input users does not keep the contract of users: column nmae is not"):
        run(scoring.by_table, users=[{"id": 1, "name": "ann", "nmae": "x"}])
    with pytest.raises(TypeError, match="by-table has the inputs users; found others"):
        run(scoring.by_table, others=[])
    with pytest.raises(TypeError, match="is not a function of @transform"):
        run(print)


def test_a_library_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(FunctionFault, match="takes users by polars, which is not installed: pip install polars"):
        run(scoring.by_polars, users=USERS)
