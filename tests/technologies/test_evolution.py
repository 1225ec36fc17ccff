"""What must change for one schema to become another."""

from __future__ import annotations

import pytest

from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.evolution import Effect, ambiguous, destructive, plan, strongest
from tests.technologies.kits import column


def same(data_type: DataType) -> DataType:
    return data_type


A, B = column("a"), column("b")

PLANS: dict[str, tuple[list[Column], list[Column], list[str]]] = {
    "nothing": ([A, B], [A, B], []),
    "another order of columns": ([A, B], [B, A], []),
    "another case": ([column("Email")], [column("email")], []),
    "add": ([A], [A, B], ["add b"]),
    "add with a description": ([A], [A, column("b", description="B.")], ["add b", "describe b"]),
    "drop": ([A, B], [A], ["drop b"]),
    "rename": ([A], [column("b", previousNames=["a"])], ["rename b"]),
    "rename whatever the case": ([column("OLD")], [column("new", previousNames=["old"])], ["rename new"]),
    "rename and widen": ([column("a", "int")], [column("b", "bigint", previousNames=["a"])], ["rename b", "widen b"]),
    "a rename long done": ([B], [column("b", previousNames=["a"])], []),
    "a rename while both are there": ([A, B], [column("b", previousNames=["a"])], ["drop a"]),
    "a former name that is still declared": ([A], [column("b", previousNames=["a"]), A], ["add b"]),
    "the same, the other way round": ([A], [A, column("b", previousNames=["a"])], ["add b"]),
    "a shift": ([A, B], [column("b", previousNames=["a"]), column("c", previousNames=["b"])], ["rename c", "rename b"]),
    "a shift long done": (
        [B, column("c")],
        [column("b", previousNames=["a"]), column("c", previousNames=["b"])],
        [],
    ),
    "a shift of three": (
        [A, B, column("c")],
        [column("d", previousNames=["c"]), column("c", previousNames=["b"]), column("b", previousNames=["a"])],
        ["rename d", "rename c", "rename b"],
    ),
    "a second former name": ([B], [column("c", previousNames=["a", "b"])], ["rename c"]),
    "one former name for two": (
        [A],
        [column("b", previousNames=["a"]), column("c", previousNames=["a"])],
        ["rename b", "add c"],
    ),
    "no guess without a former name": ([A], [B], ["drop a", "add b"]),
    "widen": ([column("a", "int")], [column("a", "bigint")], ["widen a"]),
    "narrow": ([column("a", "bigint")], [column("a", "int")], ["narrow a"]),
    "another spelling": ([column("a", "int8")], [column("a", "BIGINT")], []),
    "allow-null": ([column("a", nullable=False)], [A], ["allow-null a"]),
    "require": ([A], [column("a", nullable=False)], ["require a"]),
    "a key is required": ([A], [column("a", primaryKey=True)], ["require a"]),
    "describe": ([A], [column("a", description="A.")], ["describe a"]),
    "describe no more": ([column("a", description="A.")], [A], ["describe a"]),
    "everything in an order that can be done": (
        [column("a", "int"), column("b"), column("c", nullable=False), column("d"), column("e", "bigint")],
        [
            column("e", "int", description="E."),
            column("d", nullable=False),
            column("c"),
            column("new"),
            column("aa", "bigint", previousNames=["a"]),
        ],
        ["rename aa", "drop b", "add new", "allow-null c", "widen aa", "narrow e", "require d", "describe e"],
    ),
}


C, D = column("c"), column("d")
ORDERS: dict[str, tuple[list[Column], list[Column], list[str]]] = {
    "the same": ([A, B], [A, B], []),
    "another": ([A, B], [B, A], ["reorder b, a"]),
    "a new one comes last": ([A, B], [A, B, C], ["add c"]),
    "a new one between": ([A, B], [A, C, B], ["add c", "reorder a, c, b"]),
    "a renamed one stays": ([A, B], [column("c", previousNames=["a"]), B], ["rename c"]),
    "a renamed one moves": ([A, B], [B, column("c", previousNames=["a"])], ["rename c", "reorder b, c"]),
    "one that nobody declared is last": ([A, B, D], [A, B], ["drop d"]),
    "one that nobody declared is between": ([A, D, B], [A, B], ["drop d", "reorder a, b"]),
    "types before, what the copy must keep after": (
        [A, column("b", "bigint"), C],
        [C, column("b", "int"), column("a", nullable=False, description="A.")],
        ["narrow b", "reorder c, b, a", "require a", "describe a"],
    ),
}


@pytest.mark.parametrize("case", ORDERS)
def test_columns_are_put_in_order_where_that_is_asked_for(case: str) -> None:
    before, after, expected = ORDERS[case]
    changes = plan(before, after, canonical=same, order=True)
    assert [f"{change.kind} {change.column}" for change in changes] == expected
    assert all(change.kind != "reorder" for change in plan(before, after, canonical=same))


@pytest.mark.parametrize("case", PLANS)
def test_the_plan_is_these_steps_in_this_order(case: str) -> None:
    before, after, expected = PLANS[case]
    assert [f"{change.kind} {change.column}" for change in plan(before, after, canonical=same)] == expected


AMBIGUOUS: dict[str, tuple[list[Column], list[Column], list[str], int]] = {
    "the old name is declared again": ([A], [column("b", previousNames=["a"]), A], [], 1),
    "the same, the other way round": ([A], [A, column("b", previousNames=["a"])], [], 1),
    "the column was made and dropped by hand": ([A], [column("b", previousNames=["a"]), A], ["B"], 0),
    "an exchange": ([A, B], [column("a", previousNames=["b"]), column("b", previousNames=["a"])], ["a", "b"], 1),
    "a shift": ([A, B], [column("b", previousNames=["a"]), column("c", previousNames=["b"])], [], 0),
    "half a shift": ([B], [column("b", previousNames=["a"]), column("c", previousNames=["b"])], [], 1),
    "a plain rename": ([A], [column("b", previousNames=["a"])], [], 0),
    "a rename long done": ([B, A], [column("b", previousNames=["a"]), A], [], 0),
}


@pytest.mark.parametrize("case", AMBIGUOUS)
def test_a_rename_that_may_be_a_new_column_is_told_of(case: str) -> None:
    before, after, known, expected = AMBIGUOUS[case]
    assert len(ambiguous(before, after, known)) == expected


def test_types_that_the_technology_keeps_alike_are_no_change() -> None:
    assert plan([column("a", "string(5)")], [A], canonical=lambda _: DataType("string")) == ()


EFFECTS = {
    "add": Effect.ADDITIVE,
    "drop": Effect.DESTRUCTIVE,
    "rename": Effect.REWRITING,
    "widen": Effect.REWRITING,
    "narrow": Effect.DESTRUCTIVE,
    "allow-null": Effect.ADDITIVE,
    "require": Effect.TIGHTENING,
    "describe": Effect.ADDITIVE,
}
WORDS = {
    "add": "column b (string) is added",
    "drop": "column b is dropped",
    "rename": "column a is renamed to b",
    "widen": "column a changes from integer to bigint",
    "narrow": "column a changes from bigint to integer",
    "allow-null": "column a may be empty",
    "require": "column a must have a value",
    "describe": "column a gets another description",
}


@pytest.mark.parametrize("kind", EFFECTS)
def test_each_kind_of_change_has_its_effect_and_its_words(kind: str) -> None:
    before, after, _ = PLANS[kind]
    (change,) = plan(before, after, canonical=same)
    assert (change.effect, str(change)) == (EFFECTS[kind], WORDS[kind])


def test_the_strongest_effect_is_that_of_all() -> None:
    changes = plan(*PLANS["everything in an order that can be done"][:2], canonical=same)
    assert strongest(changes) is Effect.DESTRUCTIVE
    assert [change.kind for change in destructive(changes)] == ["drop", "narrow"]
    assert strongest([]) is Effect.ADDITIVE
