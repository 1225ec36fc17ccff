"""Which approvals count, and when a plan may not be applied any more."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

import pytest

from datakit_iac.approval.plan import InvalidPlanError, Note, Plan, Subject, read
from datakit_iac.approval.signatures import NAMESPACE, place, sign, signatures
from datakit_iac.manifest.models.environment import Approval, ApprovalMode
from tests.approval.conftest import LOAD, PLAN, SUBJECT, USERS, Case
from tests.approval.keys import allow, new_key, public

WAIVED = Note(code="waived", severity="note", message="owner-required: waived until 2027")


@pytest.mark.parametrize(
    ("mode", "required", "signers", "enough"),
    [
        ("team", None, ["ben"], True),
        ("team", None, [], False),
        ("team", 2, ["ben"], False),
        ("multi-party", None, ["ben"], False),
        ("multi-party", None, ["ben", "eve"], True),
        ("multi-party", 3, ["ben", "eve"], False),
        ("multi-party", 3, ["ben", "dan", "eve"], True),
    ],
)
def test_so_many_must_agree(
    case: Case, mode: ApprovalMode, required: int | None, signers: list[str], enough: bool
) -> None:
    case.rule = Approval(mode=mode, required=required)
    for name in signers:
        case.signed(name)
    assert [each.code for each in case.findings()] == ([] if enough else ["too-few-approvals"])


def test_too_few_are_told_who_has_agreed_and_what_to_do(case: Case) -> None:
    case.signed("ben")
    (found,) = case.findings()
    assert found.message == ("prod asks for 2 approvals by others than the author, ann@x.io; there is 1 (ben@x.io)")
    assert (found.file, found.hint) == ("plan.json", "`dk approve plan.json`, by others")


# Approvals that do not count.


def refused(case: Case) -> str:
    """The one reason why there is one approval too few."""
    reason, count = case.refusals()
    assert count.startswith("too-few-approvals")
    return reason


def test_the_authors_own_does_not_count(case: Case) -> None:
    case.signed("ann"), case.signed("ben")
    assert "ann@x.io made the plan" in refused(case)


def test_the_authors_key_under_another_name_does_not_count(case: Case) -> None:
    allow(case.root, {"ann": case.keys["ann"], "ben": case.keys["ben"], "anna": case.keys["ann"]})
    case.signed("anna", key="ann"), case.signed("ben")
    assert "anna@x.io made the plan" in refused(case)


def test_one_key_under_two_names_counts_once(case: Case) -> None:
    allow(case.root, {"ann": case.keys["ann"], "ben": case.keys["ben"], "benny": case.keys["ben"]})
    case.signed("ben"), case.signed("benny", key="ben")
    assert "benny@x.io has approved already, as ben@x.io" in refused(case)


def test_one_person_with_two_keys_counts_once(case: Case) -> None:
    allow(case.root, {"ann": case.keys["ann"], "ben": case.keys["ben"], "Ben": case.keys["dan"]})
    case.signed("ben"), case.signed("Ben", key="dan")
    assert "has approved already" in refused(case)


def test_who_is_none_of_the_approvers_does_not_count(case: Case) -> None:
    case.rule = Approval(mode="multi-party", approvers=["ben@x.io", "eve@x.io"])
    case.signed("ben"), case.signed("dan")
    assert "dan@x.io is none of the approvers of prod" in refused(case)


def test_a_signature_of_another_plan_does_not_count(case: Case) -> None:
    case.signed("ben"), case.signed("eve", digest="sha256:another")
    assert "the approval of eve@x.io does not hold: SHA256" not in refused(case)
    assert "is not a signature of this plan" in refused(case)


def test_a_key_that_nobody_knows_does_not_count(case: Case) -> None:
    case.signed("ben"), case.signed("eve", key="mal")
    assert "is not a key of eve@x.io in " in refused(case)


def test_somebody_elses_signature_under_my_name_does_not_count(case: Case) -> None:
    case.signed("ben"), case.signed("eve", key="dan")
    assert "is not a key of eve@x.io" in refused(case)


def test_a_signature_for_another_purpose_does_not_count(case: Case) -> None:
    case.signed("ben")
    made = subprocess.run(
        ["ssh-keygen", "-Y", "sign", "-n", f"not-{NAMESPACE}", "-f", str(case.keys["eve"])],
        input=f"{case.plan.digest}\n", capture_output=True, text=True, check=True,
    )  # fmt: skip
    place(case.file, "eve@x.io").write_text(made.stdout)
    assert "namespace does not match" in refused(case)


@pytest.mark.parametrize(
    "damage", ["", "no signature", "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----"]
)
def test_a_damaged_signature_does_not_count(case: Case, damage: str) -> None:
    case.signed("ben"), case.signed("eve").write_text(damage)
    assert "is not a signature of this plan" in refused(case)


def test_a_revoked_key_does_not_count(case: Case) -> None:
    case.signed("ben"), case.signed("eve")
    assert case.refusals() == []
    case.signers.revoked.write_text(public(case.keys["eve"]) + "\n")
    assert "is revoked in " in refused(case)


def test_a_key_in_a_revocation_list_does_not_count(case: Case) -> None:
    case.signed("ben"), case.signed("eve")
    command = ["ssh-keygen", "-q", "-k", "-f", str(case.signers.revoked), f"{case.keys['eve']}.pub"]
    subprocess.run(command, check=True, capture_output=True)
    assert "is revoked in " in refused(case)


def test_a_key_that_was_removed_from_the_list_does_not_count(case: Case) -> None:
    case.signed("ben"), case.signed("eve")
    allow(case.root, {name: case.keys[name] for name in ("ann", "ben")})
    assert "is not a key of eve@x.io" in refused(case)


def test_an_expired_key_does_not_count(case: Case) -> None:
    case.signed("ben"), case.signed("eve")
    listed = case.signers.allowed.read_text()
    case.signers.allowed.write_text(listed.replace("eve@x.io ", 'eve@x.io valid-before="20200101" '))
    assert "key has expired" in refused(case)


def test_without_a_list_of_signers_nobody_counts(case: Case) -> None:
    case.signed("ben"), case.signed("eve")
    case.signers.allowed.unlink()
    codes = [each.partition(":")[0] for each in case.refusals()]
    assert codes == ["unknown-author", "refused-approval", "refused-approval", "too-few-approvals"]


def test_what_does_not_count_beside_enough_others_is_a_warning(case: Case) -> None:
    case.signed("ben"), case.signed("eve"), case.signed("dan", key="mal")
    assert [(each.code, each.severity) for each in case.findings()] == [("refused-approval", "warning")]


# Who is who.


@pytest.mark.parametrize("spelled", ["Ann@X.IO", "ann\u200b@x.io", "a\u00adnn@x.io", "Ann <ann@x.io>"])
def test_the_author_is_the_same_however_he_is_listed(case: Case, spelled: str) -> None:
    """His own key is under a second name beside his address, which is spelled in another way."""
    listed = f'"{spelled},anna@x.io"' if " " in spelled else f"{spelled},anna@x.io"
    case.signers.allowed.write_text(f"{listed} {public(case.keys['ann'])}\nben@x.io {public(case.keys['ben'])}\n")
    case.signed("ben"), case.signed("anna", key="ann")
    assert "anna@x.io made the plan" in refused(case)


@pytest.mark.parametrize("spelled", [" ann@x.io ", "ANN@x.io", "Ann Lee <ann@x.io>"])
def test_the_author_is_the_same_however_he_is_given(case: Case, spelled: str) -> None:
    case.by(spelled)
    case.signed("ben"), case.signed("ann")
    assert "ann@x.io made the plan" in refused(case)


def test_all_lines_of_a_key_tell_whose_it_is_expired_ones_too(case: Case) -> None:
    key = public(case.keys["ann"])
    case.signers.allowed.write_text(
        f'anna@x.io {key}\nann@x.io valid-before="20200101" {key}\nben@x.io {public(case.keys["ben"])}\n'
    )
    case.signed("ben"), case.signed("anna", key="ann")
    assert "anna@x.io made the plan" in refused(case)


def test_a_certificate_of_the_authors_key_is_his_too(case: Case, tmp_path: Path) -> None:
    ca, certificate = new_key(tmp_path, "ca"), f"{case.keys['ann']}-cert.pub"
    command = ["ssh-keygen", "-q", "-s", str(ca), "-I", "x", "-n", "anna@x.io", f"{case.keys['ann']}.pub"]
    subprocess.run(command, check=True)
    with case.signers.allowed.open("a") as listed:
        listed.write(f"*@x.io cert-authority {public(ca)}\n")
    case.signed("ben")
    place(case.file, "anna@x.io").write_text(sign(case.plan.digest, Path(certificate)))
    assert "anna@x.io made the plan" in refused(case)


def test_a_certificate_authority_admits_many_each_by_his_own_name(case: Case, tmp_path: Path) -> None:
    ca = new_key(tmp_path, "ca")
    case.signers.allowed.write_text(f"*@x.io cert-authority {public(ca)}\n")
    for name in ("ben", "eve"):
        key = new_key(tmp_path, name)
        command = ["ssh-keygen", "-q", "-s", str(ca), "-I", name, "-n", f"{name}@x.io", f"{key}.pub"]
        subprocess.run(command, check=True)
        file = place(case.file, f"{name}@x.io")
        file.parent.mkdir(exist_ok=True)
        file.write_text(sign(case.plan.digest, Path(f"{key}-cert.pub")))
    assert case.refusals() == []
    place(case.file, "dan@x.io").write_text(place(case.file, "eve@x.io").read_text())
    place(case.file, "eve@x.io").unlink()
    assert "is not a key of dan@x.io" in refused(case), "a certificate names its holder"


def test_a_key_that_a_pattern_lists_is_anyone_it_fits(case: Case) -> None:
    with case.signers.allowed.open("a") as listed:
        listed.write(f"*@x.io {public(case.keys['mal'])}\n")
    case.signed("ben"), case.signed("eve", key="mal")
    assert "eve@x.io made the plan" in refused(case)
    case.by("zoe@y.io")
    case.signers.allowed.write_text(case.signers.allowed.read_text() + f"zoe@y.io {public(case.keys['ann'])}\n")
    case.signed("ben"), case.signed("eve", key="mal")
    assert "eve@x.io has approved already, as ben@x.io" in refused(case)


@pytest.mark.parametrize(
    ("author", "words"),
    [
        ("mal@x.io", "mal@x.io made the plan and is not in approvals/allowed_signers"),
        ("ann", "the plan's author is 'ann', which is not an address"),
        ("", "the plan's author is '', which is not an address"),
        ("ann\u200b@x.io", "which is not an address"),
        ("ann@x.io, ben@x.io", "which is not an address"),
        ("ann@x.io (ann)", "which is not an address"),
        ("\u0430nn@x.io", "is not in approvals/allowed_signers"),  # a Cyrillic letter
    ],
)
def test_of_an_author_whom_nobody_knows_nothing_is_taken(case: Case, author: str, words: str) -> None:
    case.by(author)
    case.signed("ben"), case.signed("eve")
    (refusal,) = case.refusals()
    assert refusal.startswith("unknown-author")
    assert words in refusal


def test_a_name_that_looks_like_a_fingerprint_is_no_second_key(case: Case) -> None:
    with case.signers.allowed.open("a") as listed:
        listed.write(f"SHA256:*@x.io {public(case.keys['ben'])}\n")
    case.signed("ben"), case.signed("SHA256:a", key="ben")
    assert "has approved already, as SHA256:a@x.io" in refused(case)


def test_two_keys_with_a_name_in_common_are_one_persons(case: Case) -> None:
    with case.signers.allowed.open("a") as listed:
        listed.write(f"BEN@x.io {public(case.keys['eve'])}\n")
    case.signed("ben"), case.signed("eve")
    assert "eve@x.io has approved already, as ben@x.io" in refused(case)


def test_approvers_are_compared_as_people_are(case: Case) -> None:
    case.rule = Approval(mode="multi-party", approvers=["Ben <BEN@x.io>", " eve@X.io"])
    case.signed("ben"), case.signed("eve")
    assert case.refusals() == []


@pytest.mark.parametrize(
    "name",
    ["%00", "ben@x.io%00", "%0A", "%FF", "", "ben%40x.io", "*@x.io", "ben@x.io,eve@x.io", "-f", "eve %3Ceve@x.io%3E"],
)
def test_a_signature_under_an_odd_name_does_not_count(case: Case, name: str) -> None:
    with case.signers.allowed.open("a") as listed:
        listed.write(f"* {public(case.keys['mal'])}\n")
    case.signed("ben")
    place(case.file, "ben@x.io").with_name(f"{name}.sig").write_text(sign(case.plan.digest, case.keys["eve"]))
    reason = refused(case)
    assert "is not named after a person" in reason or (name == "-f" and "is not a key of -f" in reason)


def test_a_signature_that_is_no_file_does_not_count(case: Case) -> None:
    case.signed("ben")
    os.mkfifo(place(case.file, "eve@x.io"))
    assert "is not named after a person" in refused(case)
    os.mkfifo(place(case.file, "dan@x.io").with_name(os.fsdecode(b"\xff.sig")))
    assert len(case.refusals()) == 3


@pytest.mark.parametrize("seed", range(40))
def test_no_byte_of_a_plan_or_its_signatures_can_be_another(agreed: Case, seed: int) -> None:
    """A change is refused, or the plan says the same: the layout of its file is not signed."""
    chance = random.Random(seed)
    file = chance.choice([agreed.file, *(each.file for each in signatures(agreed.file))])
    content = bytearray(file.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    file.write_bytes(content)
    try:
        agreed.plan = read(agreed.file)
    except InvalidPlanError:
        return
    assert agreed.refusals() or agreed.plan == PLAN


# Plans that do not hold any more.


@pytest.fixture
def agreed(case: Case) -> Case:
    """Two have agreed."""
    case.signed("ben"), case.signed("eve")
    assert case.findings() == []
    return case


def test_a_plan_that_was_changed_is_refused_and_so_are_its_signatures(agreed: Case) -> None:
    forged = agreed.file.read_text().replace('"op": "create"', '"op": "delete"')
    agreed.file.write_text(forged)
    agreed.plan, agreed.now["operations"] = read(agreed.file), (USERS, LOAD.model_copy(update={"op": "delete"}))
    codes = {each.partition(":")[0] for each in agreed.refusals()}
    assert codes == {"changed-plan", "refused-approval", "too-few-approvals"}


def test_a_plan_with_a_digest_of_its_own_has_no_signatures(agreed: Case) -> None:
    agreed.plan = Plan.model_validate(agreed.plan.model_dump(by_alias=True) | {"author": "dan@x.io"}).sealed_now()
    assert {each.partition(":")[0] for each in agreed.refusals()} == {"refused-approval", "too-few-approvals"}


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ({"policies": ("security", "quality")}, "changed since the plan: policy quality is new"),
        ({"policies": ()}, "changed since the plan: policy security is gone"),
        ({"remarks": (WAIVED,)}, "changed since the plan: note[waived] owner-required: waived until 2027 is new"),
        ({"downstream": {"DataSet users": ("report",)}}, "what is downstream of DataSet users is another"),
        ({"approval": Approval(mode="team")}, "changed since the plan: the rule of approval is another"),
        ({"parts": {**SUBJECT.parts, "DataSet users": "sha256:0"}}, "changed since the plan: DataSet users is another"),
        ({"parts": {"Environment prod": "sha256:2"}}, "changed since the plan: DataSet users is gone"),
        ({"parts": {**SUBJECT.parts, "datakit.lock": "sha256:0"}}, "changed since the plan: datakit.lock is new"),
        ({"stack": "prod-2"}, "stack prod of shop; this is environment prod, stack prod-2"),
        ({"environment": "stage"}, "this is environment stage"),
        ({"project": "other"}, "this is environment prod, stack prod of other"),
    ],
)  # fmt: skip
def test_a_plan_of_another_project_is_stale(agreed: Case, now: dict[str, object], words: str) -> None:
    agreed.now["subject"] = SUBJECT.model_copy(update=now)
    (refusal,) = agreed.refusals()
    assert refusal.startswith("stale-plan")
    assert words in refusal


def test_no_field_of_what_an_approver_sees_is_left_out(agreed: Case) -> None:
    others = {
        "project": "x", "stack": "x", "environment": "x", "approval": Approval(), "parts": {}, "policies": (),
        "remarks": (WAIVED,), "downstream": {},
    }  # fmt: skip
    assert set(others) == set(Subject.model_fields)
    for field, other in others.items():
        agreed.now["subject"] = SUBJECT.model_copy(update={field: other})
        assert [each.partition(":")[0] for each in agreed.refusals()] == ["stale-plan"], field


@pytest.mark.parametrize(
    ("operations", "words"),
    [
        ((USERS,), "Run load is not to be run any more"),
        ((USERS, LOAD, LOAD.model_copy(update={"urn": LOAD.urn + "-2"})), "Run load-2 is now to be run"),
        ((USERS.model_copy(update={"op": "replace"}), LOAD), "DataSet users is now to be replaced, "),
        (
            (USERS.model_copy(update={"changes": ("schema",)}), LOAD),
            "users would be altered in a different way",
        ),
        ((USERS.model_copy(update={"inputs": "sha256:0"}), LOAD), "users would be altered in a different way"),
    ],
)
def test_a_plan_of_other_operations_is_stale(agreed: Case, operations: object, words: str) -> None:
    agreed.now["operations"] = operations
    (refusal,) = agreed.refusals()
    assert "what would be done is no longer what was planned: " in refusal
    assert words in refusal


@pytest.mark.parametrize(
    ("made", "now", "words"),
    [
        ("", PLAN.digest, "the plan has been applied already; a plan is applied once"),
        ("", "sha256:9", "another plan has been applied since this one was made; the last one is the plan sha256:9"),
        ("sha256:9", "", "the last one is not known"),
        ("sha256:9", "sha256:9", ""),
    ],
    ids=["used", "another", "forgotten", "current"],
)
def test_a_plan_is_for_the_state_after_the_one_before(case: Case, made: str, now: str, words: str) -> None:
    case.plan, case.now["follows"] = PLAN.model_copy(update={"follows": made}).sealed_now(), now
    case.signed("ben"), case.signed("eve")
    found = case.refusals()
    assert [each.partition(":")[0] for each in found] == (["used-plan"] if words else [])
    assert words in "".join(found)


def test_of_many_differences_a_few_are_named_and_the_rest_is_counted(agreed: Case) -> None:
    parts = {**SUBJECT.parts, **{f"DataSet d{number}": "" for number in range(9)}}
    agreed.now["subject"] = SUBJECT.model_copy(update={"parts": parts})
    assert agreed.refusals()[0].endswith("DataSet d4 is new, and 4 more")


def test_a_plan_grows_old_where_the_environment_says_so(agreed: Case) -> None:
    agreed.rule = Approval(mode="multi-party", max_age="7d")
    agreed.later(days=6)
    assert agreed.refusals() == []
    agreed.later(days=8)
    assert "prod takes none older than 7d" in agreed.refusals()[0]
    agreed.later(days=-1)
    assert "is in the future" in agreed.refusals()[0]
