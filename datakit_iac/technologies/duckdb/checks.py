"""The tests of a contract as queries, each counting the rows that fail."""

from __future__ import annotations

from collections.abc import Iterator

from datakit_iac.manifest.dataset import Column, RowCount, Test
from datakit_iac.technologies.bound import BoundDataSet
from datakit_iac.technologies.duckdb.statements import literal, qualified, quoted

Query = tuple[str, str, str]
"""A test's name, its subject, and the SQL that counts the rows that fail it."""


def queries(dataset: BoundDataSet) -> Iterator[Query]:
    """All tests of a DataSet: what its columns promise, then what its tests ask."""
    table = qualified(dataset.place)
    if key := [column.name for column in dataset.columns if column.primary_key]:
        yield "unique", ", ".join(key), _repeated(table, key)
    for column in dataset.columns:
        if column.required:
            yield "not_null", column.name, _empty(table, column.name)
        for test in column.tests:
            yield from _of_column(table, column, test)
    for test in dataset.tests:
        yield from _of_dataset(table, dataset.name, test)


def _of_column(table: str, column: Column, test: Test) -> Iterator[Query]:
    name = quoted(column.name)
    if test.unique:
        yield "unique", column.name, _repeated(table, [column.name])
    if test.not_null and not column.required:
        yield "not_null", column.name, _empty(table, column.name)
    if test.accepted_values:
        values = ", ".join(literal(str(value)) for value in test.accepted_values.values)
        yield (
            "accepted_values",
            column.name,
            f"SELECT count(*) FROM {table} WHERE {name} IS NOT NULL AND {name}::VARCHAR NOT IN ({values})",
        )
    yield from _of_dataset(table, column.name, test)


def _of_dataset(table: str, subject: str, test: Test) -> Iterator[Query]:
    if test.row_count:
        yield "row_count", subject, _outside(table, test.row_count)
    if test.sql:
        yield "sql", subject, f"SELECT count(*) FROM ({test.sql.replace('{{ this }}', table)})"


def _empty(table: str, column: str) -> str:
    return f"SELECT count(*) FROM {table} WHERE {quoted(column)} IS NULL"


def _repeated(table: str, columns: list[str]) -> str:
    names = ", ".join(map(quoted, columns))
    present = " AND ".join(f"{quoted(name)} IS NOT NULL" for name in columns)
    return (
        f"SELECT coalesce(sum(copies - 1), 0)::BIGINT FROM"
        f" (SELECT count(*) AS copies FROM {table} WHERE {present} GROUP BY {names} HAVING count(*) > 1)"
    )


def _outside(table: str, bounds: RowCount) -> str:
    upper = f" OR count(*) > {bounds.max}" if bounds.max is not None else ""
    return f"SELECT CASE WHEN count(*) < {bounds.min}{upper} THEN greatest(count(*), 1) ELSE 0 END FROM {table}"
