"""Whether a plan may be applied: still what was signed, still what would be done, and signed by enough people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from datakit_iac.approval.plan import Operation, Plan, Subject
from datakit_iac.approval.signatures import SignatureError, Signers
from datakit_iac.manifest.duration import seconds
from datakit_iac.manifest.environment import Approval
from datakit_iac.manifest.finding import Finding, Severity
from datakit_iac.manifest.project import shown

_SHOWN: Final = 5
"""So many differences are named; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Reality:
    """What a plan is held against.

    Attributes:
        subject: the project as it resolves now.
        operations: what the engine would do now.
        rule: whose agreement the environment asks for.
        time: now.
    """

    subject: Subject
    operations: tuple[Operation, ...]
    rule: Approval
    time: datetime


def verify(plan: Plan, file: Path, signed: Mapping[str, Path], signers: Signers, now: Reality) -> list[Finding]:
    """Why a plan may not be applied; nothing but warnings where it may.

    Args:
        plan: the plan.
        file: where it lies, to be named.
        signed: its signatures, by the person each claims to be of.
        signers: whose keys count.
        now: the project, the operations and the rule as they are.
    """
    return [
        *_unsealed(plan, file),
        *_elsewhere(plan, file, now),
        *_stale(plan, file, now),
        *_agreement(plan, file, signed, signers, now.rule),
    ]


def _unsealed(plan: Plan, file: Path) -> Iterator[Finding]:
    if plan.digest != plan.sealed:
        message = f"the plan is not as it was made: its content has {plan.digest}, but it says {plan.sealed}"
        yield _finding("changed-plan", message, file, replan(plan.subject.environment))


def _elsewhere(plan: Plan, file: Path, now: Reality) -> Iterator[Finding]:
    if plan.subject.place != now.subject.place:
        made, here = (_placed(each) for each in (plan.subject, now.subject))
        message = f"the plan is for {made}; this is {here}"
        yield _finding("stale-plan", message, file, replan(now.subject.environment))


def _placed(subject: Subject) -> str:
    return f"environment {subject.environment}, stack {subject.stack} of {subject.project}"


def _stale(plan: Plan, file: Path, now: Reality) -> Iterator[Finding]:
    hint = replan(now.subject.environment)
    if changed := _changed_parts(plan.subject.parts, now.subject.parts):
        yield _finding("stale-plan", f"the project has changed since the plan: {_listed(changed)}", file, hint)
    if changed := _changed_operations(plan.operations, now.operations):
        message = f"what would be done is no longer what was planned: {_listed(changed)}"
        yield _finding("stale-plan", message, file, hint)
    age = now.time - plan.made
    if now.rule.max_age and age > timedelta(seconds=seconds(now.rule.max_age)):
        message = f"the plan was made {plan.made:%Y-%m-%d %H:%M} UTC; {now.subject.environment} takes none older than"
        yield _finding("stale-plan", f"{message} {now.rule.max_age}", file, hint)
    if age < timedelta(minutes=-5):
        yield _finding("stale-plan", f"the plan is of the future, {plan.made:%Y-%m-%d %H:%M} UTC", file, hint)


def _changed_parts(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    return [
        f"{name} {'is new' if name not in then else 'is gone' if name not in now else 'is another'}"
        for name in sorted({*then, *now})
        if then.get(name) != now.get(name)
    ]


def _changed_operations(then: Sequence[Operation], now: Sequence[Operation]) -> list[str]:
    before, after = ({(each.urn, each.op): each for each in these} for these in (then, now))
    changed = []
    for key in sorted({*before, *after}):
        if key not in after:
            changed.append(f"{before[key].label} is not to be {before[key].deed} any more")
        elif key not in before:
            changed.append(f"{after[key].label} is now to be {after[key].deed}")
        elif before[key] != after[key]:
            changed.append(f"{after[key].label} is to be {after[key].deed} in another way")
    return changed


def _listed(changed: Sequence[str]) -> str:
    more = f", and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
    return ", ".join(changed[:_SHOWN]) + more


def _agreement(
    plan: Plan, file: Path, signed: Mapping[str, Path], signers: Signers, rule: Approval
) -> Iterator[Finding]:
    tally = _Tally(plan, signers, rule)
    agreed = [principal for principal, signature in signed.items() if tally.counts(principal, signature)]
    enough = len(agreed) >= rule.needed
    severity: Severity = "warning" if enough else "error"
    for signature, reason in tally.refused.items():
        yield Finding(code="refused-approval", message=reason, severity=severity, file=shown(signature))
    if not enough:
        by = f" ({', '.join(agreed)})" if agreed else ""
        whom = f"of {', '.join(rule.approvers)} " if rule.approvers else ""
        message = (
            f"{plan.subject.environment} asks for {rule.needed} approval{'s' if rule.needed > 1 else ''} {whom}"
            f"by others than the author, {plan.author}; there {'is' if len(agreed) == 1 else 'are'} {len(agreed)}{by}"
        )
        yield _finding("too-few-approvals", message, file, f"`dk approve {shown(file)}`, by others")


class _Tally:
    """Who has agreed, each person and each key once; and why other signatures do not count."""

    def __init__(self, plan: Plan, signers: Signers, rule: Approval) -> None:
        self._plan, self._signers = plan, signers
        self._allowed = {each.casefold() for each in rule.approvers}
        self._people: set[str] = set()
        self._keys: dict[str, str] = {}
        self.refused: dict[Path, str] = {}

    def counts(self, principal: str, signature: Path) -> bool:
        """Whether one signature counts; else the reason is noted."""
        try:
            key = self._signers.fingerprint(self._plan.digest, principal, signature)
        except SignatureError as fault:
            self.refused[signature] = f"the approval of {principal} does not hold: {fault}"
            return False
        if reason := self._reason(principal, key, signature):
            self.refused[signature] = reason
            return False
        self._people.add(principal.casefold())
        self._keys[key] = principal
        return True

    def _reason(self, principal: str, key: str, signature: Path) -> str:
        if principal.casefold() == self._plan.author.casefold() or self._is_author(signature):
            return f"{principal} made the plan; an author's own approval does not count"
        if self._allowed and principal.casefold() not in self._allowed:
            return f"{principal} is none of the approvers of {self._plan.subject.environment}"
        if principal.casefold() in self._people or key in self._keys:
            return f"{principal} has approved already, as {self._keys.get(key, principal)}; a person counts once"
        return ""

    def _is_author(self, signature: Path) -> bool:
        """Whether the author holds the key as well, under another name."""
        try:
            self._signers.fingerprint(self._plan.digest, self._plan.author, signature)
        except SignatureError:
            return False
        return True


def replan(environment: str) -> str:
    """What to do where there is no plan, or a stale one."""
    return f"make one and have it approved: `dk plan --env {environment} --out`, `dk approve …`"


def _finding(code: str, message: str, file: Path, hint: str) -> Finding:
    return Finding(code=code, message=message, file=shown(file), hint=hint)
