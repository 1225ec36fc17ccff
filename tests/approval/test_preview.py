"""Operations read from the log of an engine's events."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from datakit_iac.approval.preview import PreviewError, fresh, recording

URN = "urn:pulumi:prod::shop::datakit:index:Platform$"


def event(op: str, kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"resourcePreEvent": {"metadata": {"op": op, "type": kind, "urn": f"{URN}{kind}::{name}", **more}}}


def given(**inputs: Any) -> dict[str, Any]:
    return {"new": {"inputs": inputs}}


def operations(*events: dict[str, Any]) -> list[Any]:
    with recording() as record:
        log = Path(record.arguments[1])
        log.write_text("".join(json.dumps(each) + "\n" for each in ({"preludeEvent": {}}, *events)))
        found = record.operations()
    assert not log.exists()
    return list(found)


def test_only_what_changes_is_an_operation() -> None:
    found = operations(
        event("same", "datakit:index:DataSet", "users"),
        event("create", "pulumi:pulumi:Stack", "shop-prod"),
        event("update", "datakit:index:DataSet", "orders", detailedDiff={"schema[2]": {}, "description": {}}),
        event("create", "aws:s3/bucket:Bucket", "raw", diffs=None, **given(acl="private")),
    )
    assert [(each.label, each.op, each.changes) for each in found] == [
        ("Bucket raw", "create", ()),
        ("DataSet orders", "update", ("description", "schema[2]")),
    ]


def test_another_value_is_another_operation() -> None:
    first, second = (
        operations(event("update", "aws:s3/bucket:Bucket", "raw", diffs=["acl"], **given(acl=value)))
        for value in ("private", "public-read")
    )
    assert first != second


def test_the_data_that_a_run_reads_is_no_part_of_its_operation_and_its_definition_is() -> None:
    first, same, other = (
        operations(event("create", "datakit:index:Run", "load", **given(definition=definition, versions=versions)))
        for definition, versions in (("a", {"x": "1"}), ("a", {"x": "2"}), ("b", {"x": "1"}))
    )
    assert first == same != other


def test_a_failed_preview_says_why(tmp_path: Path) -> None:
    engine = tmp_path / "pulumi"
    engine.write_text("#!/bin/sh\necho no such stack >&2\nexit 3\n")
    engine.chmod(0o755)
    with pytest.raises(PreviewError, match="no such stack"):
        fresh(engine, tmp_path, "prod")
