"""Schema evolution: what must change for one schema to become another, and what each change does to the data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from datakit_iac.manifest.dataset import Column
from datakit_iac.manifest.types import DataType


class Effect(StrEnum):
    """What a change does to data that is there."""

    ADDITIVE = "additive"
    """Nothing is rewritten, nothing that worked stops working."""
    REWRITING = "rewriting"
    """Stored values or names are rewritten, nothing is lost."""
    DESTRUCTIVE = "destructive"
    """Values, or rows that were allowed, can be lost."""


Kind = Literal["add", "rename", "widen", "narrow", "drop", "allow-null", "require", "describe"]

_EFFECTS: dict[Kind, Effect] = {
    "add": Effect.ADDITIVE,
    "rename": Effect.REWRITING,
    "widen": Effect.REWRITING,
    "narrow": Effect.DESTRUCTIVE,
    "drop": Effect.DESTRUCTIVE,
    "allow-null": Effect.ADDITIVE,
    "require": Effect.DESTRUCTIVE,
    "describe": Effect.ADDITIVE,
}


@dataclass(frozen=True, slots=True)
class Change:
    """One step from a schema to the next.

    Attributes:
        kind: what happens.
        column: the column's name after the change, or its last name for a drop.
        before: the column as it was; None for an addition.
        after: the column as it will be; None for a drop.
    """

    kind: Kind
    column: str
    before: Column | None
    after: Column | None

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
                return f"column {self.column} is described anew"


def plan(
    before: Sequence[Column], after: Sequence[Column], *, canonical: Callable[[DataType], DataType]
) -> tuple[Change, ...]:
    """What turns the schema `before` into `after`, in an order in which it can be done.

    Columns are matched by name, without regard to case; a renamed one only by its `previous_names`, never by guess.

    Args:
        before: the columns there are.
        after: the columns there should be.
        canonical: how the technology keeps a type; two types it keeps alike are no difference.
    """
    remaining = {column.name.lower(): column for column in before}
    kept = {column.name.lower() for column in after}
    changes: list[Change] = []
    for column in after:
        known = remaining.pop(column.name.lower(), None)
        if known is None and (former := _former(column, remaining.keys() - kept)):
            known = remaining.pop(former)
            changes.append(Change("rename", column.name, known, column))
        changes.extend(_column(known, column, canonical))
    changes.extend(Change("drop", column.name, column, None) for column in remaining.values())
    order: list[Kind] = ["rename", "drop", "add", "allow-null", "widen", "narrow", "require", "describe"]
    return tuple(sorted(changes, key=lambda change: order.index(change.kind)))


def destructive(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Those that can lose data."""
    return tuple(change for change in changes if change.effect is Effect.DESTRUCTIVE)


def strongest(changes: Iterable[Change]) -> Effect:
    """The effect of doing all of them."""
    order = list(Effect)
    return max((change.effect for change in changes), key=order.index, default=Effect.ADDITIVE)


def _former(column: Column, remaining: AbstractSet[str]) -> str | None:
    return next((name.lower() for name in column.previous_names if name.lower() in remaining), None)


def _column(before: Column | None, after: Column, canonical: Callable[[DataType], DataType]) -> list[Change]:
    if before is None:
        described = [Change("describe", after.name, None, after)] if after.description else []
        return [Change("add", after.name, None, after), *described]
    changes: list[Change] = []
    old, new = canonical(before.type), canonical(after.type)
    if old != new:
        changes.append(Change("widen" if new.widens(old) else "narrow", after.name, before, after))
    if before.required and not after.required:
        changes.append(Change("allow-null", after.name, before, after))
    if after.required and not before.required:
        changes.append(Change("require", after.name, before, after))
    if before.description != after.description:
        changes.append(Change("describe", after.name, before, after))
    return changes
