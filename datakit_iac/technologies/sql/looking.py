"""Rows and profiles of one relation by SQL. Of what is masked, no value leaves the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.looking import MASK, ColumnProfile, Profile, Sample, declared, masked
from datakit_iac.technologies.sql.condition import ConditionError, demand
from datakit_iac.technologies.sql.dialect import Dialect
from datakit_iac.technologies.technology import StoreError

_TIMES: Final = frozenset({"date", "time", "timestamp", "timestamptz"})
_NUMBERS: Final = frozenset({"smallint", "integer", "bigint", "float", "double", "decimal"})
_ORDERED: Final = _TIMES | _NUMBERS | {"string"}
"""Types whose values have an order that every database knows."""
_MEASURED: Final = frozenset({"string", "binary"})
_AS_TEXT: Final = frozenset({"string", "json", "array"})
"""Types of which databases have several, not all of them comparable; their text is."""
_AT_ONCE: Final = 200
"""Columns of one query; Postgres has at most 1,664 values in a row."""


@dataclass(frozen=True, slots=True)
class Relation:
    """Rows that SQL can ask for.

    Attributes:
        dialect: of the SQL.
        sql: what follows FROM.
        columns: what is there.
        rows: runs a query that only reads.
        failure: what it raises.
        is_stream: whether it can be asked once only.
    """

    dialect: Dialect
    sql: str
    columns: Sequence[Column]
    rows: Callable[[str], list[tuple[Any, ...]]]
    failure: type[Exception]
    is_stream: bool = False


def demand_condition(where: str, dataset: BoundDataSet, *, show_pii: bool) -> None:
    """See that a condition only looks at columns, and at none that is masked.

    Raises:
        StoreError: it does not.
    """
    try:
        if where:
            demand(where, masked(dataset, show_pii=show_pii))
    except ConditionError as fault:
        raise StoreError(f"the condition `{where}` {fault}") from fault


def sample(relation: Relation, dataset: BoundDataSet, *, limit: int, where: str = "", show_pii: bool = False) -> Sample:
    """Some rows of a DataSet.

    The condition is asked of what is seen, so that it cannot tell more than that.

    Args:
        relation: the DataSet's rows.
        dataset: whose contract says what is personal data.
        limit: how many rows, at most.
        where: an expression that is true for the rows that are wanted.
        show_pii: whether personal data is to be seen.

    Raises:
        StoreError: the condition is not an expression over the columns, or the database refuses it.
    """
    demand_condition(where, dataset, show_pii=show_pii)
    columns, notes = declared(dataset, relation.columns)
    hidden = masked(dataset, show_pii=show_pii)
    if not columns:
        return Sample((), [], notes=notes)
    quote = relation.dialect.quote
    names = ", ".join(quote(each.name) for each in columns)
    seen = ", ".join(_seen(relation.dialect, each, hidden) for each in columns)
    chosen = f" WHERE (\n{where}\n)" if where else ""
    rows = _asked(
        relation, f"SELECT {names} FROM (SELECT {seen} FROM {relation.sql}) AS seen{chosen} LIMIT {limit}", where
    )
    return Sample(
        tuple(each.name for each in columns),
        [tuple(row) for row in rows],
        tuple(each.name for each in columns if each.name.lower() in hidden),
        notes,
    )


def profile(relation: Relation, dataset: BoundDataSet, *, show_pii: bool = False) -> Profile:
    """What the columns of a DataSet are like, counted where its rows are.

    Args:
        relation: the DataSet's rows.
        dataset: whose contract says what is personal data.
        show_pii: whether the smallest and largest values of such columns are to be seen.

    Raises:
        StoreError: the database refuses it.
    """
    columns, notes = declared(dataset, relation.columns)
    if not relation.columns:
        return Profile(0, (), notes)
    hidden = masked(dataset, show_pii=show_pii)
    step, total, found = len(columns) if relation.is_stream else _AT_ONCE, 0, list[ColumnProfile]()
    for start in range(0, len(columns) or 1, step or 1):
        some = columns[start : start + step]
        measures = [_Measures(relation.dialect, each, each.name.lower() in hidden) for each in some]
        counted = ", ".join(["count(*)", *(sql for each in measures for sql in each.expressions())])
        ((total, *values),) = _asked(relation, f"SELECT {counted} FROM {relation.sql}")
        rest = iter(values)
        found += [each.read(int(total), rest) for each in measures]
    return Profile(int(total), tuple(found), notes)


@dataclass(frozen=True, slots=True)
class _Measures:
    """What is asked of one column."""

    dialect: Dialect
    column: Column
    is_masked: bool

    @property
    def _has_order(self) -> bool:
        return self._kind in _ORDERED and not self.is_masked

    @property
    def _kind(self) -> str:
        return "array" if self.column.type.element is not None else self.column.type.name

    def expressions(self) -> Iterator[str]:
        name = self.dialect.quote(self.column.name)
        value = f"CAST({name} AS {self.dialect.write(DataType('string'))})" if self._kind in _AS_TEXT else name
        yield f"count({name})"
        yield f"count(DISTINCT {value})"
        if self._has_order:
            yield from (f"min({value})", f"max({value})")
        if self._kind in _MEASURED:
            length = f"length({value})" if self._kind == "string" else f"octet_length({value})"
            yield from (f"min({length})", f"max({length})")

    def read(self, total: int, values: Iterator[Any]) -> ColumnProfile:
        """The answers, in the order of the questions."""
        there, distinct = int(next(values)), int(next(values))
        smallest, largest = (next(values), next(values)) if self._has_order else (None, None)
        shortest, longest = (next(values), next(values)) if self._kind in _MEASURED else (None, None)
        return ColumnProfile(
            self.column.name, self.column.type, total - there, distinct, smallest, largest, shortest, longest,
            self.is_masked,
        )  # fmt: skip


def _seen(dialect: Dialect, column: Column, hidden: frozenset[str]) -> str:
    name = dialect.quote(column.name)
    if column.name.lower() not in hidden:
        return name
    return f"CASE WHEN {name} IS NULL THEN NULL ELSE {dialect.literal(MASK)} END AS {name}"


def _asked(relation: Relation, query: str, where: str = "") -> list[tuple[Any, ...]]:
    try:
        return relation.rows(query)
    except relation.failure as fault:
        said = str(fault).partition("\n")[0]
        what = f"the condition `{where}` cannot be evaluated" if where else "the rows cannot be read"
        raise StoreError(f"{what}: {said}") from fault
