"""Rewriting a table where `ALTER TABLE` cannot: a copy is filled beside it and takes its place, in one transaction.

Readers see the table as it was until the transaction ends; if it fails, nothing has changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.technologies.sql.dialect import Dialect
from datakit_iac.technologies.sql.names import quoted


@dataclass(frozen=True, slots=True)
class Copied:
    """A column of the copy.

    Attributes:
        name: as it is spelled.
        spelling: its type, as DDL says it.
        required: whether it is `NOT NULL`.
        value: the SQL that gives its value; empty for that of the column of its name.
    """

    name: str
    spelling: str
    required: bool = False
    value: str = ""


def place_of(dialect: Dialect, place: Place) -> Place:
    """Where the copy is made: beside the table, by a name that is never too long."""
    schema, name = dialect.parts(place)
    own = f"datakit_shadow_{hashlib.blake2b(name.encode(), digest_size=8).hexdigest()}"
    return Place(table=f"{schema}.{own}" if schema else own)


def locked(dialect: Dialect, place: Place) -> list[str]:
    """What keeps others from writing to the table, and not from reading it, until the transaction ends."""
    return [dialect.lock.format(dialect.qualified(place))] if dialect.lock else []


def filled(dialect: Dialect, place: Place, columns: Sequence[Copied], key: Sequence[str] = ()) -> list[str]:
    """What makes the copy, with all rows.

    Args:
        dialect: how the database spells them.
        place: the table.
        columns: of the copy, in their order.
        key: the columns of its primary key.
    """
    table, copy = dialect.qualified(place), dialect.qualified(place_of(dialect, place))
    parts = [f"{quoted(each.name)} {each.spelling}{' NOT NULL' if each.required else ''}" for each in columns]
    names = ", ".join(quoted(each.name) for each in columns)
    values = ", ".join(each.value or quoted(each.name) for each in columns)
    return [
        f"CREATE TABLE {copy} ({', '.join(parts)})",
        f"INSERT INTO {copy} ({names}) SELECT {values} FROM {table}",
        *([f"ALTER TABLE {copy} ADD PRIMARY KEY ({', '.join(map(quoted, key))})"] if key else []),
    ]


def swapped(dialect: Dialect, place: Place) -> list[str]:
    """What puts the copy in the place of the table."""
    copy = dialect.qualified(place_of(dialect, place))
    return [f"DROP TABLE {dialect.qualified(place)}", f"ALTER TABLE {copy} RENAME TO {quoted(dialect.parts(place)[1])}"]


def told(dialect: Dialect, place: Place, order: Sequence[Column]) -> list[str]:
    """The statements that put declared columns in order, as far as the declaration tells them."""
    columns = [Copied(column.name, dialect.write(column.type), column.required) for column in order]
    key = [column.name for column in order if column.primary_key] if dialect.keys else []
    return [*locked(dialect, place), *filled(dialect, place, columns, key), *swapped(dialect, place)]


def refusal(place: Place, lost: Sequence[str]) -> str:
    """Why a table is not rewritten.

    Args:
        place: the table.
        lost: what would be gone with it, each in words.
    """
    return (
        f"{place} is not rewritten, for what others made of it would be lost: {', '.join(lost)}. Drop it, run again and"
        " make it again; or leave columns and types as they are"
    )


def ordered(there: Sequence[Copied], order: Sequence[Column]) -> list[Copied]:
    """The columns of a table in another order; undeclared ones come last, as they are.

    Args:
        there: the columns that there are.
        order: those that are declared.
    """
    position = {column.name.lower(): number for number, column in enumerate(order)}
    return sorted(there, key=lambda each: position.get(each.name.lower(), len(position)))
