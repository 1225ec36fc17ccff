"""Plans on disk, and what people read of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from datakit_iac.approval import rendering
from datakit_iac.approval.plan import InvalidPlanError, Note, Operation, make, read, write
from tests.approval.conftest import LOAD, PLAN, SUBJECT, USERS


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    write(PLAN, tmp_path / "a" / "plan.json")
    assert read(tmp_path / "a" / "plan.json") == PLAN
    assert PLAN.sealed == PLAN.digest


def test_the_layout_of_the_file_is_not_signed_and_all_of_its_content_is(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    document = json.loads(PLAN.model_dump_json(by_alias=True))
    file.write_text(json.dumps(document, sort_keys=True))
    assert read(file).digest == PLAN.sealed
    for field, other in (("author", "mal@x.io"), ("made", "2020-01-01T00:00:00Z"), ("operations", [])):
        file.write_text(json.dumps({**document, field: other}))
        assert read(file).digest != PLAN.sealed


@pytest.mark.parametrize(
    ("change", "words"),
    [({"format": 1}, "format"), ({"operations": None}, "operations"), ({"extra": 1}, "extra"), ({"made": "x"}, "made")],
)
def test_another_format_is_no_plan(tmp_path: Path, change: dict[str, object], words: str) -> None:
    file = tmp_path / "plan.json"
    file.write_text(json.dumps({**json.loads(PLAN.model_dump_json(by_alias=True)), **change}))
    with pytest.raises(InvalidPlanError, match=rf"plan.json is not a plan: .*{words}"):
        read(file)


@pytest.mark.parametrize("content", [None, "", "{", "\0", "[]"])
def test_a_broken_file_is_no_plan(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "plan.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(InvalidPlanError):
        read(file)


def test_people_read_what_is_altered_and_run_and_what_is_downstream() -> None:
    lines = rendering.text(PLAN).splitlines()
    assert lines[0] == "Plan for prod, stack prod of shop"
    assert lines[1].endswith(" by ann@x.io")
    assert lines[2:] == [
        "  altered    DataSet users (description)",
        "  run        Run load",
        "  downstream DataSet users → report, mail",
        "  policies   security",
        "  approval   multi-party, 2 other than the author",
        f"  digest     {PLAN.digest}",
    ]


def test_what_a_program_configures_by_itself_is_shown(tmp_path: Path) -> None:
    urn = "urn:pulumi:prod::shop::"
    platform, default, own = (
        Operation(urn=f"{urn}{name}", op="create")
        for name in ("datakit:index:Platform::p", "pulumi:providers:aws::default_7_0_0", "pulumi:providers:aws::other")
    )
    moved = platform.model_copy(update={"op": "update", "changes": ("project",)})
    lines = rendering.text(make(SUBJECT, (platform, default, own), "ann@x.io")).splitlines()
    assert lines[2:4] == ["  created    aws other", "  policies   security"]
    assert "  altered    Platform p (project)" in rendering.text(make(SUBJECT, (moved,), "ann@x.io"))


def test_the_plan_before_is_shown() -> None:
    plan = make(SUBJECT, (USERS,), "ann@x.io", follows="sha256:before")
    assert "  follows    sha256:before" in rendering.text(plan).splitlines()
    assert "Follows: `sha256:before`" in rendering.markdown(plan)


def test_a_pull_request_shows_the_same_as_tables() -> None:
    text = rendering.markdown(PLAN)
    assert "| altered | DataSet users (description) |\n| run | Run load |" in text
    assert "| DataSet users | report, mail |" in text
    assert "Policies that looked at it: security." in text
    assert text.endswith(f"Digest: `{PLAN.digest}`")


def test_a_plan_of_nothing_says_so() -> None:
    empty = make(SUBJECT, (), "ann@x.io")
    assert "nothing would change" in rendering.text(empty)
    assert "Nothing would change." in rendering.markdown(empty)
    assert "|" not in rendering.markdown(empty)


def test_a_name_breaks_no_table() -> None:
    odd = USERS.model_copy(update={"urn": USERS.urn + "|<b>"})
    assert "users\\|\\<b\\> (description)" in rendering.markdown(make(SUBJECT, (odd, LOAD), "ann@x.io"))


def test_an_approver_sees_what_a_plan_hides() -> None:
    name = "users\u202e\u200b\x1b[2K\n  digest     sha256:forged"
    odd = USERS.model_copy(update={"urn": USERS.urn + name, "changes": ("::error::x", "##[add-mask]a")})
    shown = r"users\u202e\u200b\x1b[2K\n  digest     sha256:forged (::error::x, \x23#[add-mask]a)"
    plan = make(SUBJECT, (odd, LOAD), "ann\u2066@x.io")
    assert shown in rendering.text(plan)
    assert r"by ann\u2066@x.io" in rendering.text(plan)
    assert rendering.text(plan).isprintable() is False, "its lines end"
    assert all(line.isprintable() for line in rendering.text(plan).splitlines())
    assert all(line.isprintable() for line in rendering.markdown(plan).splitlines())


def test_markdown_shows_texts_as_they_are_and_calls_nobody() -> None:
    said = "[ok](https://x.io) `a` *b* _c_ a_b ~d~ &#x202e; $e$ <!-- @ann and ann@x.io"
    remark = SUBJECT.model_copy(update={"remarks": (Note(severity="warning", code="a`b", message=said),)})
    text = rendering.markdown(make(remark, (LOAD,), "ann@x.io"))
    assert (
        r"- warning `` a`b ``: \[ok\](https://x.io) \`a\` \*b\* \_c\_ a_b \~d\~ \&#x202e; \$e\$ \<!-- "
        "@<!-- -->ann and ann@x.io\n"
    ) in text
