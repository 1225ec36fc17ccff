"""The model of a connection: each fault at its field, and no secret in an option or a message."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import Field

from datakit_iac.technologies.connection import ConnectionModel, Text
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


def test_a_fault_in_a_part_is_told_at_its_field_with_the_part_s_own_names() -> None:
    class Account(ConnectionModel):
        id: Text = Field(description="Its number.")
        role: Text | None = Field(default=None, description="What is assumed.")

    class Cloud(ConnectionModel):
        accounts: list[Account] = Field(description="What is read.")

    faults = Cloud.faults("cloud", {"accounts": [{"id": "1"}, {"rolle": "x"}]})
    assert [(each.code, each.path, str(each)) for each in faults] == [
        ("missing-field", ("accounts", 1, "id"), "cloud needs `accounts.1.id`; Its number."),
        (
            "unknown-field",
            ("accounts", 1, "rolle"),
            "cloud has no option 'accounts.1.rolle'; did you mean 'role'?",
        ),
    ]
