"""Operations read from the log of an engine's events."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from datakit_iac.approval.configuration import Configuration
from datakit_iac.approval.plan import Subject
from datakit_iac.approval.preview import SUBJECT_FILE, PreviewError, fresh, recording
from datakit_iac.manifest.models.environment import Approval
from datakit_iac.toolchain.errors import ToolchainError

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


def test_the_plan_that_was_applied_last_is_read_from_the_state() -> None:
    with recording() as record:
        assert record.applied() == ""
        events = [
            event("same", "datakit:index:Platform", "platform", old={"outputs": {"plan": "sha256:1", "runs": {}}}),
            event("same", "datakit:index:Store", "warehouse", old={"outputs": {"plan": "sha256:2"}}),
            event("create", "datakit:index:Platform", "second", old=None),
        ]
        Path(record.arguments[1]).write_text("".join(json.dumps(each) + "\n" for each in events))
        assert (record.applied(), record.operations()[0].label) == ("sha256:1", "Platform second")


def test_a_failed_preview_says_why(tmp_path: Path) -> None:
    engine = tmp_path / "pulumi"
    engine.write_text("#!/bin/sh\necho no such stack >&2\nexit 3\n")
    engine.chmod(0o755)
    with pytest.raises(PreviewError, match="no such stack"):
        fresh(engine, tmp_path, "prod", Configuration({}, frozenset()))


@pytest.mark.parametrize("line", ['{"resourcePreEvent": {"metad', '{"resourcePreEvent": {"metadata": {}}}', "[]"])
def test_a_log_that_cannot_be_read_is_refused_and_never_passed_over(line: str) -> None:
    with recording() as record:
        Path(record.arguments[1]).write_text(f"{json.dumps({'preludeEvent': {}})}\n{line}\n")
        with pytest.raises(ToolchainError, match="line 2 of the engine's log of events"):
            record.operations()


# What the program says of its project.


def told(text: str | None) -> Subject | None:
    with recording() as record:
        if text is not None:
            Path(record.environment[SUBJECT_FILE]).write_text(text)
        return record.subject()


SUBJECT = Subject(project="shop", stack="prod", environment="prod", approval=Approval(), parts={})


def test_a_program_without_a_platform_says_nothing_of_a_project() -> None:
    assert told(None) is None
    assert told(SUBJECT.model_dump_json()) == SUBJECT


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (json.dumps({**SUBJECT.model_dump(mode="json"), "regions": ["eu"]}), "regions: unknown field"),
        (json.dumps({"project": "shop"}), "stack: is required"),
        (SUBJECT.model_dump_json()[:-9], "this is not valid JSON"),
        ("", "this is not valid JSON"),
    ],
)
def test_what_another_version_says_of_its_project_is_refused_with_what_is_wrong(text: str, reason: str) -> None:
    with pytest.raises(ToolchainError, match="datakit_iac") as refused:
        told(text)
    assert reason in str(refused.value)
