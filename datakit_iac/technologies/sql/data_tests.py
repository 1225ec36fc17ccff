"""The tests of a contract as SQL, each a query that counts the rows that fail."""

from __future__ import annotations

from collections.abc import Iterator

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.column import Column, Freshness, Relationships, RowCount, Test
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.manifest.values.duration import seconds
from datakit_iac.technologies.sql.dialect import Dialect
from datakit_iac.technologies.technology import StoreError

Query = tuple[str, str, str]
"""A test's name, its subject, and the SQL that counts the rows that fail it."""


def queries(dialect: Dialect, dataset: BoundDataSet) -> Iterator[Query]:
    """All tests of a DataSet: what its columns promise, then what its tests ask.

    Raises:
        StoreError: a test cannot be asked of this database.
    """
    table = dialect.qualified(dataset.place)
    if key := [column.name for column in dataset.columns if column.primary_key]:
        yield "unique", ", ".join(key), _repeated(dialect, table, key)
    for column in dataset.columns:
        if column.required:
            yield "not_null", column.name, _empty(dialect, table, column.name)
        for test in column.tests:
            yield from _of_column(dialect, table, dataset.name, column, test)
    for test in dataset.tests:
        if test.of_column:
            raise StoreError(f"a test of {dataset.name} as a whole names what only one column can have")
        yield from _of_rows(dialect, table, dataset.name, dataset.name, test)


def _of_column(dialect: Dialect, table: str, name: str, column: Column, test: Test) -> Iterator[Query]:
    if test.unique:
        yield "unique", column.name, _repeated(dialect, table, [column.name])
    if test.not_null and not column.required:
        yield "not_null", column.name, _empty(dialect, table, column.name)
    if test.accepted_values:
        yield "accepted_values", column.name, _others(dialect, table, column, test.accepted_values.values)
    if test.relationships:
        yield "relationships", column.name, _orphans(dialect, table, column.name, test.relationships)
    yield from _of_rows(dialect, table, name, column.name, test)


def _of_rows(dialect: Dialect, table: str, name: str, subject: str, test: Test) -> Iterator[Query]:
    if test.row_count:
        yield "row_count", subject, _outside(table, test.row_count)
    if test.sql:
        query = _one_select(dialect, test.sql, table, f"test sql({subject}) of {name}")
        yield "sql", subject, f"SELECT count(*) FROM ({query}\n) AS failing"
    if test.freshness:
        yield "freshness", test.freshness.column, _stale(dialect, table, test.freshness)


def _one_select(dialect: Dialect, sql: str, table: str, test: str) -> str:
    """The query of an SQL test.

    Raises:
        StoreError: it is not a SELECT over tables of this Store alone.
    """
    query = sql.replace("{{ this }}", table).strip().removesuffix(";")
    if fault := dialect.select_fault(query):
        raise StoreError(f"{test} {fault}")
    return query


def _empty(dialect: Dialect, table: str, column: str) -> str:
    return f"SELECT count(*) FROM {table} WHERE {dialect.quote(column)} IS NULL"


def _others(dialect: Dialect, table: str, column: Column, values: list[object]) -> str:
    name, kind = dialect.quote(column.name), dialect.write(column.type)
    accepted = (
        ", ".join(f"CAST({dialect.literal(str(value))} AS {kind})" for value in values if value is not None) or "NULL"
    )
    return f"SELECT count(*) FROM {table} WHERE {name} IS NOT NULL AND coalesce({name} NOT IN ({accepted}), true)"


def _orphans(dialect: Dialect, table: str, column: str, parent: Relationships) -> str:
    if parent.table is None:
        raise StoreError(f"relationships({column}) does not say in which table of this Store {parent.to} is")
    name, field = dialect.quote(column), dialect.quote(parent.field)
    parents = (
        f"SELECT 1 FROM {dialect.qualified(Place(table=parent.table))} AS parent WHERE parent.{field} = child.{name}"
    )
    return f"SELECT count(*) FROM {table} AS child WHERE child.{name} IS NOT NULL AND NOT EXISTS ({parents})"


def _stale(dialect: Dialect, table: str, freshness: Freshness) -> str:
    # A column without a time zone is taken for UTC; no rows at all are not fresh either.
    newest, now = dialect.epoch.format(f"max({dialect.quote(freshness.column)})"), dialect.epoch.format(dialect.now)
    return _all(table, f"coalesce({newest} < {now} - {seconds(freshness.max_age)!r}, true)")


def _repeated(dialect: Dialect, table: str, columns: list[str]) -> str:
    names = ", ".join(map(dialect.quote, columns))
    present = " AND ".join(f"{dialect.quote(name)} IS NOT NULL" for name in columns)
    return (
        f"SELECT CAST(coalesce(sum(copies - 1), 0) AS BIGINT) FROM (SELECT count(*) AS copies FROM {table}"
        f" WHERE {present} GROUP BY {names} HAVING count(*) > 1) AS repeated"
    )


def _outside(table: str, bounds: RowCount) -> str:
    upper = f" OR count(*) > {bounds.max}" if bounds.max is not None else ""
    return _all(table, f"count(*) < {bounds.min}{upper}")


def _all(table: str, condition: str) -> str:
    """Every row fails, and at least one, where a condition on all of them is true."""
    return f"SELECT CASE WHEN NOT ({condition}) THEN 0 WHEN count(*) = 0 THEN 1 ELSE count(*) END FROM {table}"
