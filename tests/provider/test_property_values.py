"""Property maps of the engine, there and back."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.struct_pb2 import Struct

from datakit_iac.manifest.values.secret import Secret
from datakit_iac.provider.property_values import COMPUTED, OUTPUT, SIGNATURE, UNKNOWN, has_unknowns, read, write

VALUES: list[Any] = [
    None, True, False, 0, -5, 2**53, 0.5, "", "text", "snow ☃", [], [1, "two", None], {}, {"a": {"b": [{"c": 1}]}},
    UNKNOWN, [UNKNOWN], Secret("s"), Secret({"a": [1]}), Secret(None), Secret(UNKNOWN), {"a": Secret("s")},
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_comes_back_as_it_went(value: object) -> None:
    wire = Struct.FromString(write({"value": value}).SerializeToString())
    assert read(wire) == {"value": value}


def test_whole_numbers_come_back_whole() -> None:
    assert isinstance(read(write({"n": 5.0}))["n"], int)


def test_what_has_no_counterpart_is_named_by_its_type_only() -> None:
    with pytest.raises(TypeError, match=r"^a bytes has no place in a property map$"):
        write({"password": b"hunter2"})


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"value": "x"}, "x"),
        ({"value": "x", "secret": True}, Secret("x")),
        ({"secret": True}, Secret(UNKNOWN)),
        ({}, UNKNOWN),
        ({"value": COMPUTED}, UNKNOWN),
    ],
    ids=str,
)
def test_output_values_are_read(fields: dict[str, Any], expected: object) -> None:
    assert read(write({"value": {SIGNATURE: OUTPUT, **fields}})) == {"value": expected}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (UNKNOWN, True),
        ([1, {"a": [UNKNOWN]}], True),
        (Secret(UNKNOWN), True),
        ({"a": Secret({"b": UNKNOWN})}, True),
        ({"a": [1, "x", None, Secret("x")]}, False),
    ],
)
def test_unknown_values_are_found_wherever_they_are(value: object, expected: bool) -> None:
    assert has_unknowns(value) is expected
