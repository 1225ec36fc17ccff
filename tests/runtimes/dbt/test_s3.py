"""dbt on DuckDB reads and writes S3: the real dbt, and a real server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.contract.job import Job
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.runtimes.dbt.runtime import Dbt
from datakit_iac.runtimes.job import JobFailedError, RunResult
from datakit_iac.technologies.ownership import Mark
from datakit_iac.technologies.s3.carrying import publish
from datakit_iac.technologies.s3.factory import S3
from tests.runtimes.dbt.conftest import Shop
from tests.technologies.kits import column, s3_kit
from tests.technologies.test_s3_load import Lake

pytestmark = pytest.mark.engine

ORDERS = (column("id", "bigint", primaryKey=True), column("customer"), column("amount", "bigint"))
MADE = (column("id", "bigint", primaryKey=True), column("customer"), column("amount", "bigint"))


def dataset(connection: Connection, name: str, columns: Any, store: str = "warehouse") -> BoundDataSet:
    return BoundDataSet(name, store, connection, Place(prefix=f"{name}/"), columns)


@pytest.fixture
def raw(tmp_path: Path) -> BoundDataSet:
    """Orders in a bucket."""
    kit = s3_kit(tmp_path)
    made = dataset(kit.connection, "raw-orders", ORDERS)
    with S3().open(kit.connection, create=True) as session:
        for each in (made, dataset(kit.connection, "stg-orders", MADE)):
            session.create(each, Mark("shop/dev", each.name, "1f"))
    database = tmp_path / "orders.duckdb"
    with duckdb.connect(database) as connection:
        connection.execute(
            "CREATE TABLE raw_orders AS"
            " SELECT i::BIGINT AS id, 'ann' AS customer, 5::BIGINT AS amount FROM range(3) r(i)"
        )
    assert publish([made], database, "load", "1a") == []
    return made


def rows(dataset_: BoundDataSet) -> list[Any]:
    class There(Lake):
        dataset = dataset_

    return There(kit=None, columns=dataset_.columns).rows()  # type: ignore[arg-type]


def test_a_model_in_duckdb_reads_a_prefix(shop: Shop, raw: BoundDataSet, run: Callable[[Job], RunResult]) -> None:
    raw = replace(raw, store="warehouse")
    made = replace(shop.dataset("stg-orders"), store="marts")
    job = replace(shop.job("stg_orders", outputs=[made]), inputs=(raw,), context=())
    assert Dbt().check(job) == []
    assert run(job).counts["models"] == 1
    with duckdb.connect(shop.database) as connection:
        assert connection.execute("SELECT count(*), sum(amount) FROM stg_orders").fetchall() == [(3, 15)]


def test_a_model_of_a_prefix_is_seen_once_its_tests_pass(
    shop: Shop, raw: BoundDataSet, run: Callable[[Job], RunResult]
) -> None:
    made = dataset(raw.connection, "stg-orders", MADE)
    job = replace(shop.job("stg_orders", outputs=[made]), inputs=(raw,), context=())
    run(job)
    assert rows(made) == [(0, "ann", 5), (1, "ann", 5), (2, "ann", 5)]
    shop.replace("models/staging/stg_orders.sql", "select id,", "select 7::bigint as id,")
    with pytest.raises(JobFailedError, match="unique"):
        run(job)
    assert len(rows(made)) == 3


def test_an_incremental_model_goes_on_from_what_the_prefix_holds(
    shop: Shop, raw: BoundDataSet, run: Callable[[Job], RunResult]
) -> None:
    made = dataset(raw.connection, "stg-orders", MADE)
    job = replace(shop.job("stg_orders", outputs=[made]), inputs=(raw,), context=())
    query = "select id, customer, amount from {{ source('warehouse', 'raw_orders') }}"
    shop.write(
        "models/staging/stg_orders.sql",
        "{{ config(materialized='incremental') }}\n"
        "{% if is_incremental() %} select max(id) + 1 as id, 'new' as customer, 1::bigint as amount from {{ this }}\n"
        f"{{% else %}} {query} {{% endif %}}",
    )
    run(job)
    assert len(rows(made)) == 3
    run(job)
    assert rows(made) == [(0, "ann", 5), (1, "ann", 5), (2, "ann", 5), (3, "new", 1)]


def test_what_cannot_be_written_is_said_before_anything_runs(shop: Shop, raw: BoundDataSet) -> None:
    tested = (*MADE[:2], column("amount", "bigint", tests=["not_null"]))
    job = replace(shop.job("stg_orders", outputs=[dataset(raw.connection, "stg-orders", tested)]), inputs=(raw,))
    (fault,) = Dbt().check(replace(job, context=()))
    assert fault.message.startswith("tests of stg-orders cannot run on s3")


def test_a_model_that_is_not_as_its_contract_says_changes_nothing(
    shop: Shop, raw: BoundDataSet, run: Callable[[Job], RunResult]
) -> None:
    made = dataset(raw.connection, "stg-orders", (*MADE[:2], column("amount", "integer")))
    job = replace(shop.job("stg_orders", outputs=[made]), inputs=(raw,), context=())
    with pytest.raises(JobFailedError) as fault:
        run(job)
    assert "column amount is bigint; the contract says integer" in "\n".join([str(fault.value), *fault.value.lines])
    with S3().open(made.connection) as session:
        live = session.describe(made.place)
    assert live is not None
    assert live.is_empty
