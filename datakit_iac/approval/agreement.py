"""Who has agreed to a plan: each person and each key once, and never the author, whatever he calls himself."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from datakit_iac.approval.people import address, are_one, is_listed, person
from datakit_iac.approval.plan import Plan
from datakit_iac.approval.signatures import Signature, SignatureError, Signers
from datakit_iac.findings.location import shown
from datakit_iac.manifest.models.environment import Approval


@dataclass(frozen=True, slots=True)
class Agreement:
    """Who has agreed.

    Attributes:
        people: those whose approval counts.
        refused: the other signatures, and why they do not count.
    """

    people: tuple[str, ...]
    refused: tuple[tuple[Path, str], ...]


@dataclass(frozen=True, slots=True)
class _Holder:
    principal: str
    key: str
    names: tuple[str, ...]

    def is_also(self, other: _Holder) -> bool:
        return self.key == other.key or are_one(self.names, other.names)


def agreement(plan: Plan, signed: Iterable[Signature], signers: Signers, rule: Approval) -> Agreement:
    """Whose approvals of a plan count.

    Args:
        plan: the plan.
        signed: its signatures.
        signers: whose keys count.
        rule: whose agreement the environment asks for.
    """
    counted: list[_Holder] = []
    refused = []
    for each in signed:
        try:
            holder = _holder(plan, each, signers, rule)
        except SignatureError as fault:
            refused.append((each.file, str(fault)))
            continue
        if before := next((known for known in counted if holder.is_also(known)), None):
            reason = f"{holder.principal} has approved already, as {before.principal}; a person counts once"
            refused.append((each.file, reason))
        else:
            counted.append(holder)
    return Agreement(tuple(each.principal for each in counted), tuple(refused))


def unknown_author(plan: Plan, signers: Signers) -> str:
    """Why it cannot be determined which approvals are the author's own; empty where it can."""
    if not address(plan.author):
        return f"the plan's author is {plan.author!r}, which is not an address"
    if not is_listed(plan.author, signers.principals()):
        listed = shown(signers.allowed)
        return (
            f"{plan.author} made the plan and is not in {listed}, so it cannot be determined which approval is his own"
        )
    return ""


def objection(plan: Plan, principal: str, names: Collection[str], rule: Approval) -> str:
    """Why somebody's approval of a plan does not count; empty where it does.

    Args:
        plan: the plan.
        principal: who agrees.
        names: all that the list of signers calls him.
        rule: whose agreement the environment asks for.
    """
    if is_listed(plan.author, (principal, *names)):
        return f"{principal} made the plan; an author's own approval does not count"
    if rule.approvers and person(principal) not in map(person, rule.approvers):
        return f"{principal} is none of the approvers of {plan.subject.environment}: {', '.join(rule.approvers)}"
    return ""


def _holder(plan: Plan, signed: Signature, signers: Signers, rule: Approval) -> _Holder:
    """Who made a signature that counts.

    Raises:
        SignatureError: it does not count.
    """
    if not signed.principal:
        raise SignatureError(f"{signed.file.name!r} is not named after a person, as `dk approve` names a signature")
    try:
        key = signers.fingerprint(plan.digest, signed.principal, signed.file)
    except SignatureError as fault:
        raise SignatureError(f"the approval of {signed.principal} is invalid: {fault}") from fault
    names = (signed.principal, *signers.names(key, signed.file))
    if reason := objection(plan, signed.principal, names, rule):
        raise SignatureError(reason)
    return _Holder(signed.principal, key, names)
