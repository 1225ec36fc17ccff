"""Functions of every form, as authors write them; the tests run them in memory and against Stores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import pyarrow as pa
from pydantic import AwareDatetime, BaseModel, Field

from datakit_iac import RecordBatchReader, Table, column, dataset, no_pii, pii, primary_key, transform

if TYPE_CHECKING:
    import duckdb
    import pandas as pd  # type: ignore[import-untyped]
    import polars as pl


class User(BaseModel):
    """Everybody."""

    id: Annotated[int, primary_key, no_pii]
    name: Annotated[str | None, pii] = Field(default=None, description="As they call themselves.")


@dataclass
class Kept:
    id: Annotated[int, primary_key]
    name: str | None
    price: Annotated[Decimal | None, column(type="decimal(10,2)")] = None
    code: UUID | None = None
    seen: datetime | None = None
    at: AwareDatetime | None = None
    tags: list[str] | None = None
    more: dict[str, Any] | None = None


users = dataset("users", store="crm", table="raw.users", schema=User, classification="confidential")
kept = dataset("kept", store="warehouse", table="raw.kept", schema=Kept)
a = dataset("a", store="warehouse", table="raw.a", schema={"id": Annotated[int, primary_key], "v": str | None})
b = dataset("b", store="warehouse", table="raw.b", schema=pa.schema([pa.field("n", pa.int64(), nullable=False)]))


@transform(inputs={"users": users}, outputs={"a": a})
def by_table(users: Table) -> Table:
    return pa.table({"id": users["id"], "v": users["name"]})


@transform(inputs={"users": users}, outputs={"a": a})
def by_reader(users: RecordBatchReader) -> RecordBatchReader:
    schema = pa.schema([pa.field("v", pa.large_string()), pa.field("id", pa.int64())])

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in users:
            arrays = [batch.column("name").cast(pa.large_string()), batch.column("id")]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    return pa.RecordBatchReader.from_batches(schema, batches())


@transform(inputs={"users": users}, outputs={"a": a})
def by_generator(users: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    print("no end of line", end="")
    for batch in users:
        yield batch.rename_columns(["id", "v"])


@transform(inputs={"users": users}, outputs={"a": a})
def by_pandas(users: pd.DataFrame) -> pd.DataFrame:
    return users.rename(columns={"name": "v"})[users["id"] > 0]


@transform(inputs={"users": users}, outputs={"a": a})
def by_polars(users: pl.DataFrame) -> pl.DataFrame:
    return users.rename({"name": "v"})


@transform(inputs={"users": users}, outputs={"a": a})
def by_lazy_polars(users: pl.LazyFrame) -> pl.LazyFrame:
    return users.rename({"name": "v"})


@transform(inputs={"users": users, "others": users}, outputs={"a": a})
def by_duckdb(users: duckdb.DuckDBPyRelation, others: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    return users.join(others, "id").select("id, users.name AS v")


@transform(inputs={"users": users}, outputs={"a": a, "b": b})
def two(users: Table) -> dict[str, Any]:
    return {"b": [{"n": users.num_rows}], "a": by_table(users)}


@transform(outputs={"kept": kept})
def every_type() -> list[dict[str, Any]]:
    first = {"id": 1, "name": "ann", "price": Decimal("1.50"), "code": UUID(int=7), "seen": datetime(2026, 1, 2, 3)}
    aware = datetime.fromisoformat("2026-01-02T03:00:00+02:00")
    return [{**first, "at": aware, "tags": ["x", "y"], "more": {"k": [1, None]}}, {"id": 2, "name": None}]


@transform(inputs={"users": users}, outputs={"a": a}, write_mode="append")
def appending(users: Table) -> Table:
    return by_table(users)


@transform(inputs={"users": users}, outputs={"a": a}, write_mode="overwrite")
def overwriting(users: Table) -> Table:
    return by_table(users)


@transform(inputs={"users": users}, outputs={"a": a})
def wrong_columns(users: Table) -> Table:
    return pa.table({"id": pa.array(["x"]), "extra": [1], "extra2": [1]})


@transform(inputs={"users": users}, outputs={"a": a})
def wrong_values(users: Table) -> Table:
    return pa.table({"id": pa.array([None, 2**64 - 1], pa.uint64()), "v": ["x", "y"]})


@transform(inputs={"users": users}, outputs={"a": a})
def late_wrong(users: RecordBatchReader) -> Iterator[pa.RecordBatch]:
    for batch in users:
        yield batch.rename_columns(["id", "v"])
    yield pa.record_batch({"id": pa.array([None], pa.int64()), "v": ["x"]})


@transform(inputs={"users": users}, outputs={"a": a})
def raising(users: RecordBatchReader) -> Iterator[pa.RecordBatch]:
    yield next(iter(users)).rename_columns(["id", "v"])
    raise RuntimeError("no more")


@transform(inputs={"users": users}, outputs={"a": a})
def returning_none(users: Table) -> Table:
    users.num_rows  # noqa: B018 - what is forgotten is the return


@transform(inputs={"users": users}, outputs={"a": a})
def leaving(users: Table) -> Table:
    raise SystemExit(0)


@transform(inputs={"users": "users"}, outputs={"names": "names"})
def naming(users: Table) -> Table:
    return users.select(["name"])
