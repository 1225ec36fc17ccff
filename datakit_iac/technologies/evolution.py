"""Schema evolution: what must change for one schema to become another, and what each change does to the data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from datakit_iac.manifest.models.column import Column, exchanged
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.renames import matched
from datakit_iac.technologies.tags import of_column


class Effect(StrEnum):
    """What a change does to data that is there."""

    ADDITIVE = "additive"
    """Nothing is rewritten, nothing that worked stops working."""
    TIGHTENING = "tightening"
    """Nothing is lost; rows that were allowed may fail the next verification."""
    REWRITING = "rewriting"
    """Stored values or names are rewritten, nothing is lost."""
    DESTRUCTIVE = "destructive"
    """Values can be lost."""


Kind = Literal[
    "add",
    "rename",
    "widen",
    "narrow",
    "drop",
    "allow-null",
    "require",
    "describe",
    "drop-key",
    "add-key",
    "reorder",
]

_EFFECTS: dict[Kind, Effect] = {
    "add": Effect.ADDITIVE,
    "rename": Effect.REWRITING,
    "widen": Effect.REWRITING,
    "narrow": Effect.DESTRUCTIVE,
    "drop": Effect.DESTRUCTIVE,
    "allow-null": Effect.ADDITIVE,
    "require": Effect.TIGHTENING,
    "describe": Effect.ADDITIVE,
    "drop-key": Effect.ADDITIVE,
    "add-key": Effect.TIGHTENING,
    "reorder": Effect.REWRITING,
}


@dataclass(frozen=True, slots=True)
class Change:
    """One step from a schema to the next.

    Attributes:
        kind: what happens.
        column: the column's name after the change, or its last name for a drop; those of a primary key or an order.
        before: the column as it was; None for an addition.
        after: the column as it will be; None for a drop.
        loses_misfits: whether values that do not fit a narrower type may be lost; else they stop the change.
        key: the columns of a primary key that is added or dropped.
        former_key: the same columns as they were; None for one that is new.
        order: all declared columns in their new order; undeclared ones come after them.
    """

    kind: Kind
    column: str
    before: Column | None
    after: Column | None
    loses_misfits: bool = False
    key: tuple[Column, ...] = ()
    former_key: tuple[Column | None, ...] = ()
    order: tuple[Column, ...] = ()

    @property
    def effect(self) -> Effect:
        """What it does to data that is there."""
        return _EFFECTS[self.kind]

    def __str__(self) -> str:
        """In words, e.g. ``email: string becomes integer``."""
        before, after = self.before, self.after
        match self.kind:
            case "add":
                return f"column {self.column} ({after.type if after else ''}) is added"
            case "drop":
                return f"column {self.column} is dropped"
            case "rename":
                return f"column {before.name if before else ''} is renamed to {self.column}"
            case "widen" | "narrow":
                return f"column {self.column} changes from {before and before.type} to {after and after.type}"
            case "allow-null":
                return f"column {self.column} may be empty"
            case "require":
                return f"column {self.column} must have a value"
            case "describe":
                return f"column {self.column} gets another description"
            case "drop-key":
                return f"primary key ({self.column}) is dropped"
            case "add-key":
                return f"primary key is ({self.column})"
            case "reorder":
                return f"columns are in the order ({self.column})"


def plan(
    before: Sequence[Column],
    after: Sequence[Column],
    *,
    canonical: Callable[[DataType], DataType],
    keys: bool = False,
    tags: bool = False,
    order: bool = False,
) -> tuple[Change, ...]:
    """What turns the schema `before` into `after`, in an order in which it can be done.

    Columns are matched by name, without regard to case; a renamed one only by its `previous_names`, never by guess.
    What `ambiguous` tells of is taken for no rename.

    Args:
        before: the columns there are.
        after: the columns there should be.
        canonical: how the technology keeps a type; two types it keeps alike are not a difference.
        keys: whether the technology keeps primary keys.
        tags: whether it keeps what is said of personal data, beside a column's description.
        order: whether columns that are in another order are moved; else they stay where they are.
    """
    origins = matched(before, after)
    remaining = {column.name.lower(): column for column in before}
    changes: list[Change] = []
    for name, former in origins.items():  # in an order in which each new name is free
        if name != former:
            column = next(each for each in after if each.name.lower() == name)
            changes.append(Change("rename", column.name, remaining[former], column))
    for column in after:
        known = remaining[origins[column.name.lower()]] if column.name.lower() in origins else None
        changes.extend(_column(known, column, canonical, tags))
    if keys:
        changes.extend(_keys(before, [(origins.get(column.name.lower()), column) for column in after]))
    if order and _differs_in_order([column.name.lower() for column in before], origins, after):
        changes.append(Change("reorder", _names(after), None, None, order=tuple(after)))
    for former in origins.values():
        del remaining[former]
    changes.extend(Change("drop", column.name, column, None) for column in remaining.values())
    return tuple(sorted(changes, key=lambda change: _ORDER.index(change.kind)))


_ORDER: Final[list[Kind]] = [
    *("rename", "drop-key", "drop", "add", "allow-null", "widen", "narrow", "reorder", "require", "add-key", "describe")
]


def destructive(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Those that can lose data."""
    return tuple(change for change in changes if change.effect is Effect.DESTRUCTIVE)


def strongest(changes: Iterable[Change]) -> Effect:
    """The effect of doing all of them."""
    order = list(Effect)
    return max((change.effect for change in changes), key=order.index, default=Effect.ADDITIVE)


def ambiguous(before: Sequence[Column], after: Sequence[Column], known: Iterable[str] = ()) -> tuple[str, ...]:
    """Renames that cannot be told from a new column, each one sentence that says how to resolve it.

    A column that is not there may have been one that is still declared. Only where that one, too, has a former name
    that is there (a shift: a becomes b while b becomes c) is the meaning plain.

    Args:
        before: the columns there are.
        after: the columns there should be.
        known: names of columns that were made already, so that their absence is not a rename.
    """
    there, made = {column.name.lower() for column in before}, {name.lower() for name in known}
    origins, declared = matched(before, after), {column.name.lower(): column for column in after}
    told = [
        f"column {column.name} was {former}, and a column {former} is declared as well: rename in one update, and add"
        f" the other column in the next; or take {former} out of its previousNames"
        for name, column in declared.items()
        if name not in origins and name not in made
        for former in column.previous_names
        if former.lower() in there and former.lower() in declared
    ]
    return (*told, *exchanged(after))


def _differs_in_order(there: Sequence[str], origins: Mapping[str, str], after: Sequence[Column]) -> bool:
    """Whether columns would be in another order than declared once the others are added behind them."""
    names = {former: name for name, former in origins.items()}
    declared = [column.name.lower() for column in after]
    stay = [names.get(name, "") for name in there]  # undeclared columns may stay, and then come last
    return [*stay, *(name for name in declared if name not in origins)][: len(declared)] != declared


def _keys(before: Sequence[Column], after: Sequence[tuple[str | None, Column]]) -> Iterator[Change]:
    """Another primary key; `after` has the columns that there should be, each with the name that it had."""
    there = {column.name.lower(): column for column in before}
    old = tuple(column for column in before if column.primary_key)
    new = {former or f"\n{column.name}": column for former, column in after if column.primary_key}
    if {column.name.lower() for column in old} == new.keys():
        return
    if old:
        yield Change("drop-key", _names(old), None, None, key=old, former_key=old)
    if new:
        key = tuple(new.values())
        yield Change("add-key", _names(key), None, None, key=key, former_key=tuple(map(there.get, new)))


def _names(columns: Iterable[Column]) -> str:
    return ", ".join(column.name for column in columns)


def _column(
    before: Column | None, after: Column, canonical: Callable[[DataType], DataType], tags: bool
) -> list[Change]:
    said = {**(of_column(after) if tags else {}), "description": after.description or None}
    if before is None:
        added = Change("add", after.name, None, after)
        is_described = any(each is not None for each in said.values())
        return [added, Change("describe", after.name, None, after)] if is_described else [added]
    changes: list[Change] = []
    old, new = canonical(before.type), canonical(after.type)
    if old != new:
        changes.append(Change("widen" if new.widens(old) else "narrow", after.name, before, after))
    if before.required and not after.required:
        changes.append(Change("allow-null", after.name, before, after))
    if after.required and not before.required:
        changes.append(Change("require", after.name, before, after))
    if said != {**(of_column(before) if tags else {}), "description": before.description or None}:
        changes.append(Change("describe", after.name, before, after))
    return changes
