"""The model of a connection: each fault at its field, and no secret in an option or a message."""

from __future__ import annotations

from typing import Any

import pytest

from datakit_iac.technologies.technology import connection_model, technologies


@pytest.mark.parametrize(
    ("technology", "options", "secrets", "code", "path"),
    [
        ("s3", {"bucket": "lake", "accessKeyId": "hunter2"}, ["secretAccessKey"], "literal-secret", ("accessKeyId",)),
        ("s3", {"bucket": "lake"}, ["accessKey"], "unknown-field", ("secrets", "accessKey")),
        ("s3", {"bucket": "lake", "path_style": True}, [], "unknown-field", ("path_style",)),
        ("s3", {"bucket": 5}, [], "invalid-value", ("bucket",)),
        ("kafka", {"brokers": ["a:1", 5]}, [], "invalid-value", ("brokers", 1)),
        ("kafka", {"brokers": []}, [], "invalid-value", ("brokers",)),
        ("postgres", {"host": "h"}, ["password"], "missing-field", ("database",)),
    ],
)
def test_each_fault_is_told_at_its_field(
    technology: str, options: dict[str, Any], secrets: list[str], code: str, path: tuple[str | int, ...]
) -> None:
    model = connection_model(technology)
    assert model is not None
    (fault,) = model.faults(technology, options, secrets)
    assert (fault.code, fault.path) == (code, path)
    assert "hunter2" not in str(fault)


@pytest.mark.parametrize("technology", [*technologies(), "kafka", "postgres", "snowflake"])
def test_every_field_is_described(technology: str) -> None:
    model = connection_model(technology)
    assert model is not None
    assert [field["name"] for field in model.fields() if not field["description"]] == []
