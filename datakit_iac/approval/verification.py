"""Whether a plan may be applied: still what was signed, still what would be done, and signed by enough people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from datakit_iac.approval.agreement import agreement, unknown_author
from datakit_iac.approval.plan import Operation, Plan, Subject
from datakit_iac.approval.signatures import Signature, Signers
from datakit_iac.findings.finding import Finding, Severity
from datakit_iac.findings.location import Position, shown
from datakit_iac.manifest.models.environment import Approval
from datakit_iac.manifest.values.duration import seconds

_SHOWN: Final = 5
"""The number of differences that are named; the rest are counted."""


@dataclass(frozen=True, slots=True)
class CurrentState:
    """What a plan is compared with.

    Attributes:
        subject: the project as it resolves now.
        operations: what the engine would do now.
        follows: the digest of the plan that was applied last; empty where none was.
        rule: whose agreement the environment asks for.
        time: now.
    """

    subject: Subject
    operations: tuple[Operation, ...]
    rule: Approval
    time: datetime
    follows: str = ""


def verify(plan: Plan, file: Path, signed: Iterable[Signature], signers: Signers, now: CurrentState) -> list[Finding]:
    """Why a plan may not be applied; nothing but warnings where it may.

    Args:
        plan: the plan.
        file: where it is, to be named.
        signed: its signatures.
        signers: whose keys count.
        now: the project, the operations and the rule as they are.
    """
    return [
        *_unsealed(plan, file),
        *_elsewhere(plan, file, now),
        *_used(plan, file, now),
        *_stale(plan, file, now),
        *_agreement(plan, file, signed, signers, now.rule),
    ]


def _unsealed(plan: Plan, file: Path) -> Iterator[Finding]:
    if plan.digest != plan.sealed:
        message = f"the plan was changed after it was made: its digest is {plan.digest}, not {plan.sealed} as it says"
        yield _finding("changed-plan", message, file, replan(plan.subject.environment))


def _elsewhere(plan: Plan, file: Path, now: CurrentState) -> Iterator[Finding]:
    if plan.subject.place != now.subject.place:
        made, here = (_placed(each) for each in (plan.subject, now.subject))
        message = f"the plan is for {made}; this is {here}"
        yield _finding("stale-plan", message, file, replan(now.subject.environment))


def _used(plan: Plan, file: Path, now: CurrentState) -> Iterator[Finding]:
    if plan.follows == now.follows:
        return
    if plan.digest == now.follows:
        message = "the plan has been applied already; a plan is applied once"
    else:
        last = f"the plan {now.follows}" if now.follows else "not known"
        message = f"another plan has been applied since this one was made; the last one is {last}"
    yield _finding("used-plan", message, file, replan(now.subject.environment))


def _placed(subject: Subject) -> str:
    return f"environment {subject.environment}, stack {subject.stack} of {subject.project}"


def _stale(plan: Plan, file: Path, now: CurrentState) -> Iterator[Finding]:
    hint = replan(now.subject.environment)
    if changed := _changed_subject(plan.subject, now.subject):
        yield _finding("stale-plan", f"the project has changed since the plan: {_listed(changed)}", file, hint)
    if changed := _changed_operations(plan.operations, now.operations):
        message = f"what would be done is no longer what was planned: {_listed(changed)}"
        yield _finding("stale-plan", message, file, hint)
    age = now.time - plan.made
    if now.rule.max_age and age > timedelta(seconds=seconds(now.rule.max_age)):
        message = f"the plan was made {plan.made:%Y-%m-%d %H:%M} UTC; {now.subject.environment} takes none older than"
        yield _finding("stale-plan", f"{message} {now.rule.max_age}", file, hint)
    if age < timedelta(minutes=-5):
        yield _finding("stale-plan", f"the plan's time is in the future: {plan.made:%Y-%m-%d %H:%M} UTC", file, hint)


def _changed_subject(then: Subject, now: Subject) -> list[str]:
    """What a project says of itself, all that an approver saw: each part that is another, by name."""
    before, after = _as_data(then), _as_data(now)
    return [
        f"{name} {'is new' if name not in before else 'is gone' if name not in after else 'is another'}"
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]


def _as_data(subject: Subject) -> dict[str, object]:
    return {
        **subject.parts,
        "the rule of approval": subject.approval,
        **{f"policy {each}": True for each in subject.policies},
        **{f"{each.severity}[{each.code}] {each.message}": True for each in subject.remarks},
        **{f"what is downstream of {each}": sorted(reached) for each, reached in subject.downstream.items()},
    }


def _changed_operations(then: Sequence[Operation], now: Sequence[Operation]) -> list[str]:
    before, after = ({(each.urn, each.op): each for each in these} for these in (then, now))
    changed = []
    for key in sorted({*before, *after}):
        if key not in after:
            changed.append(f"{before[key].label} is not to be {before[key].deed} any more")
        elif key not in before:
            changed.append(f"{after[key].label} is now to be {after[key].deed}")
        elif before[key] != after[key]:
            changed.append(f"{after[key].label} would be {after[key].deed} in a different way")
    return changed


def _listed(changed: Sequence[str]) -> str:
    more = f", and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
    return ", ".join(changed[:_SHOWN]) + more


def _agreement(
    plan: Plan, file: Path, signed: Iterable[Signature], signers: Signers, rule: Approval
) -> Iterator[Finding]:
    if reason := unknown_author(plan, signers):
        hint = f"list the author's key in {shown(signers.allowed)}; or plan as somebody who is: git's user.email"
        yield _finding("unknown-author", reason, file, hint)
    found = agreement(plan, signed, signers, rule)
    agreed = found.people
    enough = len(agreed) >= rule.needed
    severity: Severity = "warning" if enough else "error"
    for signature, reason in found.refused:
        yield Finding(code="refused-approval", message=reason, severity=severity, at=Position(shown(signature)))
    if not enough:
        by = f" ({', '.join(agreed)})" if agreed else ""
        whom = f"of {', '.join(rule.approvers)} " if rule.approvers else ""
        message = (
            f"{plan.subject.environment} asks for {rule.needed} approval{'s' if rule.needed > 1 else ''} {whom}"
            f"by others than the author, {plan.author}; there {'is' if len(agreed) == 1 else 'are'} {len(agreed)}{by}"
        )
        yield _finding("too-few-approvals", message, file, f"`dk approve {shown(file)}`, by others")


def replan(environment: str) -> str:
    """What to do where there is no plan, or a stale one."""
    return f"make one and have it approved: `dk plan --env {environment} --out`, `dk approve …`"


def _finding(code: str, message: str, file: Path, hint: str) -> Finding:
    return Finding(code=code, message=message, at=Position(shown(file)), hint=hint)
