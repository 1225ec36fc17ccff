"""The types of columns: one name for each meaning, and which is wider than which."""

from __future__ import annotations

import itertools

import pytest

from datakit_iac.manifest.values.types import NAMES, SYNONYMS, DataType, UnknownTypeError

SPELLINGS = {
    **SYNONYMS,
    "BIGINT": "bigint",
    " text ": "string",
    "Double  Precision": "double",
    "varchar(10)": "string(10)",
    "decimal": "decimal(18,3)",
    "decimal(5)": "decimal(5,0)",
    "NUMERIC ( 10 , 2 )": "decimal(10,2)",
    "array<int8>": "array<bigint>",
    "Array < array<text> >": "array<array<string>>",
    "array<decimal(4,1)>": "array<decimal(4,1)>",
}
SPELLINGS.update({"number": "decimal(18,3)", "numeric": "decimal(18,3)"})

SCALARS = [DataType.parse(name) for name in NAMES if name != "decimal"]
SAMPLE = [
    *SCALARS,
    *map(DataType.parse, ("decimal(4,0)", "decimal(10,0)", "decimal(10,2)", "decimal(19,0)", "decimal(38,10)")),
    *map(DataType.parse, ("string(5)", "string(10)", "array<integer>", "array<bigint>", "array<array<text>>")),
]

WIDENINGS = [
    ("smallint", "integer"),
    ("smallint", "bigint"),
    ("smallint", "float"),
    ("smallint", "double"),
    ("smallint", "decimal(5,0)"),
    ("integer", "bigint"),
    ("integer", "double"),
    ("integer", "decimal(12,2)"),
    ("bigint", "decimal(19,0)"),
    ("float", "double"),
    ("decimal(10,2)", "decimal(11,2)"),
    ("decimal(10,2)", "decimal(12,4)"),
    ("string(5)", "string(10)"),
    ("string(5)", "string"),
    ("date", "timestamp"),
    ("array<integer>", "array<bigint>"),
]

NO_WIDENINGS = [
    ("bigint", "integer"),
    ("bigint", "double"),
    ("integer", "float"),
    ("integer", "decimal(10,2)"),
    ("double", "decimal(38,10)"),
    ("decimal(10,2)", "decimal(10,4)"),
    ("decimal(10,2)", "double"),
    ("string", "string(10)"),
    ("timestamp", "timestamptz"),
    ("timestamp", "date"),
    ("boolean", "integer"),
    ("uuid", "string"),
    ("array<integer>", "integer"),
    ("integer", "array<integer>"),
]


@pytest.mark.parametrize(("spelling", "canonical"), SPELLINGS.items())
def test_every_spelling_has_one_canonical_name(spelling: str, canonical: str) -> None:
    assert str(DataType.parse(spelling)) == canonical


@pytest.mark.parametrize("each", SAMPLE, ids=str)
def test_the_canonical_spelling_is_read_as_itself(each: DataType) -> None:
    assert DataType.parse(str(each)) == each


def test_an_unknown_type_names_the_nearest() -> None:
    with pytest.raises(UnknownTypeError, match="'bigimt' is not a type; expected one of boolean") as fault:
        DataType.parse("bigimt")
    assert fault.value.hint == "did you mean 'bigint'?"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("decimal(39,0)", "precision is 1 to 38"),
        ("decimal(0)", "precision is 1 to 38"),
        ("decimal(5,6)", "scale at most the precision"),
        ("integer(5)", "too many parameters"),
        ("string(5,5)", "too many parameters"),
        ("array<>", "is not a type"),
        ("array<nothing>", "is not a type"),
        ("", "is not a type"),
        ("array<" * 100 + "text" + ">" * 100, "at most 200 characters"),
    ],
)
def test_a_type_that_cannot_be_is_refused_in_words(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DataType.parse(text)


@pytest.mark.parametrize(("narrow", "wide"), WIDENINGS)
def test_a_wider_type_holds_every_value(narrow: str, wide: str) -> None:
    assert DataType.parse(wide).widens(DataType.parse(narrow))
    assert not DataType.parse(narrow).widens(DataType.parse(wide))


@pytest.mark.parametrize(("before", "after"), NO_WIDENINGS)
def test_a_type_that_loses_values_is_not_wider(before: str, after: str) -> None:
    assert not DataType.parse(after).widens(DataType.parse(before))


def test_widening_is_an_order() -> None:
    for each in SAMPLE:
        assert each.widens(each)
    for one, other in itertools.combinations(SAMPLE, 2):
        assert not (one.widens(other) and other.widens(one)), f"{one} and {other} are each wider than the other"
    for low, middle, high in itertools.permutations(SAMPLE, 3):
        if high.widens(middle) and middle.widens(low):
            assert high.widens(low), f"{low} < {middle} < {high}"
