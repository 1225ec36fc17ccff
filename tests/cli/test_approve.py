"""`dk plan --out`, `dk approve` and `dk apply PLAN`, up to the engine, which is a shell script here."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from datakit_iac.approval.plan import read, write
from datakit_iac.approval.signatures import signatures
from datakit_iac.manifest.models.environment import Approval
from tests.approval.conftest import PLAN, SUBJECT, keys
from tests.approval.keys import allow
from tests.cli.conftest import Dk
from tests.cli.test_plan_and_apply import MAIN, OWN_TERMINAL, PYTHON, engine, pulumi_project, read_until

__all__ = ["keys", "pulumi_project"]  # fixtures


@pytest.fixture
def plan(pulumi_project: Path, keys: Mapping[str, Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plan made by ann, in the working directory, which is the project's."""
    monkeypatch.chdir(pulumi_project)
    monkeypatch.setenv("HOME", str(pulumi_project))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    allow(pulumi_project, {name: key for name, key in keys.items() if name != "mal"})
    write(PLAN, pulumi_project / "plan.json")
    (pulumi_project / "state/.pulumi/stacks/app/prod.json").write_text("{}")
    return pulumi_project / "plan.json"


def people(plan: Path) -> list[str]:
    return [each.principal for each in signatures(plan)]


def test_approving_shows_the_plan_and_signs_it(dk: Dk, plan: Path, keys: Mapping[str, Path]) -> None:
    said = dk("approve", "plan.json", "--yes", "--key", keys["ben"])
    assert said.code == 0
    assert "altered    DataSet users (description)" in said.out
    assert "signed plan.json.sigs/ben@x.io.sig" in said.err
    assert people(plan) == ["ben@x.io"]


@pytest.mark.parametrize("stdin", [io.StringIO(), io.StringIO("n\n"), io.StringIO("y\n"), None])
def test_without_a_terminal_nothing_is_signed_unless_it_is_told_not_to_ask(
    dk: Dk, plan: Path, keys: Mapping[str, Path], monkeypatch: pytest.MonkeyPatch, stdin: io.StringIO | None
) -> None:
    monkeypatch.setattr("sys.stdin", stdin)
    said = dk("approve", "plan.json", "--key", keys["ben"])
    assert (said.code, signatures(plan)) == (1, ())
    assert "not signed: standard input is not a terminal" in said.err
    assert "`--yes`" in said.err


@pytest.mark.parametrize(
    ("typed", "code"),
    [(b"y\n", 0), (b"n\n", 1), (b"\n", 1), (b"yes please\n", 1), (b"\xff\n", 1), (b"\x04", 1), (b"\x03", 130)],
)  # fmt: skip
def test_on_a_terminal_the_answer_is_read(plan: Path, keys: Mapping[str, Path], typed: bytes, code: int) -> None:
    ours, theirs = pty.openpty()
    command = [PYTHON, "-c", OWN_TERMINAL + MAIN, "approve", "plan.json", "--key", str(keys["ben"])]
    asking = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    told = read_until(ours, b"sign it? [y/N] ")
    try:
        for _ in range(5 if typed == b"\x03" else 1):  # Python does not see one that comes right before it reads
            os.write(ours, typed)
            with contextlib.suppress(subprocess.TimeoutExpired):
                asking.wait(5 if typed == b"\x03" else 30)
                break
    finally:
        asking.kill()
        asking.wait()
    told += os.read(ours, 4096)
    os.close(ours)
    assert (asking.returncode, people(plan)) == (code, ["ben@x.io"] if code == 0 else []), told.decode()
    assert code != 1 or b"dk: not signed" in told
    assert b"fault of dk" not in told


@pytest.mark.parametrize(
    ("who", "words"),
    [("ann", "ann@x.io made the plan; an author's own approval does not count"), ("mal", "add a line there")],
)
def test_what_would_not_count_is_not_signed(dk: Dk, plan: Path, keys: Mapping[str, Path], who: str, words: str) -> None:
    said = dk("approve", "plan.json", "--yes", "--key", keys[who])
    assert said.code == 1
    assert words in said.err
    assert [*plan.with_name("plan.json.sigs").iterdir()] == []


def test_who_is_no_approver_is_told_before_signing(dk: Dk, plan: Path, keys: Mapping[str, Path]) -> None:
    approval = Approval(mode="multi-party", approvers=["ben@x.io", "eve@x.io"])
    subject = SUBJECT.model_copy(update={"approval": approval})
    write(PLAN.model_copy(update={"subject": subject}).sealed_now(), plan)
    assert (
        "dan@x.io is none of the approvers of prod: ben@x.io, eve@x.io"
        in dk("approve", "plan.json", "--yes", "--key", keys["dan"]).err
    )
    assert dk("approve", "plan.json", "--yes", "--key", keys["ben"]).code == 0


def test_a_key_of_several_must_say_which(dk: Dk, plan: Path, keys: Mapping[str, Path]) -> None:
    allow(plan.parent, {"benny@x.io,ben": keys["ben"], "ann": keys["ann"]})
    assert "say who you are, `--as …`" in dk("approve", "plan.json", "--yes", "--key", keys["ben"]).err
    assert dk("approve", "plan.json", "--yes", "--key", keys["ben"], "--as", "benny@x.io").code == 0
    assert people(plan) == ["benny@x.io"]


def test_nobody_signs_under_another_name(dk: Dk, plan: Path, keys: Mapping[str, Path]) -> None:
    said = dk("approve", "plan.json", "--yes", "--key", keys["ben"], "--as", "eve@x.io")
    assert (said.code, people(plan)) == (1, [])
    assert "is not a key of eve@x.io" in said.err


def test_a_forged_plan_is_not_signed(dk: Dk, plan: Path, keys: Mapping[str, Path]) -> None:
    plan.write_text(plan.read_text().replace("ann@x.io", "mal@x.io"))
    said = dk("approve", "plan.json", "--yes", "--key", keys["ben"])
    assert (said.code, people(plan)) == (1, [])
    assert "was changed after it was made" in said.err


def test_the_key_is_found_where_ssh_keeps_it(dk: Dk, plan: Path, keys: Mapping[str, Path]) -> None:
    said = dk("approve", "plan.json", "--yes")
    assert said.code == 2
    assert "there is no SSH key" in said.err
    (plan.parent / ".ssh").mkdir()
    (plan.parent / ".ssh/id_ed25519").symlink_to(keys["ben"])
    (plan.parent / ".ssh/id_ed25519.pub").symlink_to(f"{keys['ben']}.pub")
    assert dk("approve", "plan.json", "--yes").code == 0


@pytest.mark.parametrize("command", ["approve", "apply"])
def test_what_is_no_plan_is_a_fault_of_usage(dk: Dk, plan: Path, command: str) -> None:
    assert dk(command, "nowhere.json").code == 2
    plan.write_text("{}")
    said = dk(command, "plan.json")
    assert said.code == 2
    assert "is not a plan" in said.err


def test_without_openssh_it_says_how_to_get_it(
    dk: Dk, plan: Path, keys: Mapping[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(plan.parent))
    said = dk("approve", "plan.json", "--yes", "--key", keys["ben"])
    assert said.code == 3
    assert "openssh-client" in said.err


def test_a_plan_is_applied_where_it_was_made_for(dk: Dk, plan: Path, tmp_path: Path) -> None:
    said = shlex.quote(str(tmp_path))
    engine(tmp_path / "bin", f'echo "$DATAKIT_PLAN" "$@" > {said}/said')
    assert dk("apply", "plan.json", "--yes").code == 0
    assert (tmp_path / "said").read_text().split() == [str(plan), "up", "--stack", "prod", "--yes", "--skip-preview"]
    assert dk("apply", "plan.json").code == 0
    assert "--skip-preview" not in (tmp_path / "said").read_text()
    told = dk("apply", "plan.json", "--env", "dev")
    assert (told.code, "is a plan for prod, not for dev" in told.err) == (2, True)


# Making one.

CREATED = {
    "op": "create",
    "type": "datakit:index:DataSet",
    "urn": "urn:pulumi:prod::shop::datakit:index:DataSet::users",
}
PROGRAM = f"""\
while [ "$1" != --event-log ]; do shift; done
echo {shlex.quote(json.dumps({"resourcePreEvent": {"metadata": CREATED}}))} > "$2"
echo 'Previewing update'
"""


@pytest.fixture
def previewed(plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An engine whose preview creates a DataSet, and a program that says what its project is."""
    (tmp_path / "subject.json").write_text(SUBJECT.model_dump_json())
    engine(tmp_path / "bin", f'{PROGRAM}cp {shlex.quote(str(tmp_path))}/subject.json "$DATAKIT_SUBJECT_FILE"')
    monkeypatch.setenv("DATAKIT_AUTHOR", "ann@x.io")
    return plan.parent


def test_a_plan_is_shown(dk: Dk, previewed: Path) -> None:
    said = dk("plan", "--env", "prod")
    assert said.code == 0
    assert "  created    DataSet users\n" in said.out


def test_a_saved_plan_lies_with_those_of_its_environment(dk: Dk, previewed: Path) -> None:
    said = dk("plan", "--env", "prod", "--out")
    (file,) = (previewed / "approvals" / "prod").iterdir()
    assert file.stem == read(file).digest[7:19]
    assert f"dk approve approvals/prod/{file.name}" in said.err


def test_for_programs_and_pull_requests_standard_output_is_the_plan_alone(dk: Dk, previewed: Path) -> None:
    assert dk("plan", "--env", "prod", "--output", "json").document["author"] == "ann@x.io"
    said = dk("plan", "--env", "prod", "--output", "markdown", "--out", "other.json")
    assert said.out.startswith("### Plan for `prod`\n")
    assert read(previewed / "other.json").operations[0].label == "DataSet users"


def test_a_plan_that_is_saved_has_an_author(dk: Dk, previewed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATAKIT_AUTHOR")
    said = dk("plan", "--env", "prod", "--out")
    assert said.code == 2
    assert "git config user.email" in said.err


def test_a_program_without_a_platform_has_no_plan_to_save(dk: Dk, previewed: Path, tmp_path: Path) -> None:
    engine(tmp_path / "bin", PROGRAM)
    assert dk("plan", "--env", "prod").code == 0
    said = dk("plan", "--env", "prod", "--out")
    assert (said.code, "no Platform" in said.err) == (2, True)


def test_a_project_that_cannot_be_read_is_told_from_a_program_without_one(
    dk: Dk, previewed: Path, tmp_path: Path
) -> None:
    (tmp_path / "subject.json").write_text('{"project": "shop"}')
    for further in ((), ("--out",), ("--output", "json")):
        said = dk("plan", "--env", "prod", *further)
        assert (said.code, "no Platform" in said.err) == (3, False)
        assert "stack: is required" in said.err
        assert "fix:" in said.err


@pytest.mark.parametrize("author", ["", "ann", "ann\u200b@x.io", "ann@x.io, ben@x.io"])
def test_who_is_no_address_makes_no_plan(dk: Dk, previewed: Path, monkeypatch: pytest.MonkeyPatch, author: str) -> None:
    monkeypatch.setenv("DATAKIT_AUTHOR", author)
    said = dk("plan", "--env", "prod", "--out")
    assert said.code == 2
    assert ("is not the email address" if author else "of this plan is unknown") in said.err
    assert not (previewed / "approvals/prod").exists()


def test_the_author_of_a_plan_is_an_address_alone(dk: Dk, previewed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATAKIT_AUTHOR", "Ann Lee <Ann@x.io> ")
    assert "can approve" not in dk("plan", "--env", "prod", "--out", "ann.json").err
    assert read(Path("ann.json")).author == "ann@x.io"


def test_the_plan_of_an_unlisted_author_is_known_to_be_in_vain(
    dk: Dk, previewed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATAKIT_AUTHOR", "mal@x.io")
    assert (
        "it cannot be approved yet: mal@x.io made the plan and is not in"
        in dk("plan", "--env", "prod", "--out", "plan.json").err
    )


def test_nobody_signs_a_plan_of_an_unlisted_author(dk: Dk, plan: Path, keys: Mapping[str, Path]) -> None:
    write(PLAN.model_copy(update={"author": "mal@x.io"}).sealed_now(), plan)
    said = dk("approve", "plan.json", "--yes", "--key", keys["ben"])
    assert (said.code, people(plan)) == (1, [])
    assert "mal@x.io made the plan and is not in" in said.err
