"""Finding the plan that allows an update: the one that was named, or one of those that are in the repository."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from datakit_iac.approval.plan import InvalidPlanError, Plan, read
from datakit_iac.approval.signatures import APPROVALS, Signers, signatures
from datakit_iac.approval.verification import CurrentState, replan, verify
from datakit_iac.findings.finding import Finding

PLAN: Final = "DATAKIT_PLAN"
"""The variable that names the plan to be applied."""


def shelf(folder: Path, environment: str) -> Path:
    """Where an environment's plans are in a Pulumi project, with their signatures beside them."""
    return folder / APPROVALS / environment


@dataclass(frozen=True, slots=True)
class Admission:
    """Whether an update may go on.

    Attributes:
        findings: why it may not; nothing but warnings where it may.
        plan: the digest of the plan that allows it, or of the one before where it needs none.
    """

    findings: Sequence[Finding]
    plan: str

    @property
    def is_allowed(self) -> bool:
        """Whether it may go on."""
        return not any(each.severity == "error" for each in self.findings)


def admission(folder: Path, named: str, now: CurrentState) -> Admission:
    """Whether an update may go on, and by which plan.

    An update that would do nothing may always go on.

    Args:
        folder: the Pulumi project's.
        named: the plan that was named; empty where none was, and the environment's are looked through.
        now: the project, the operations and the rule as they are.
    """
    if not now.operations:
        return Admission([], now.follows)
    if named:
        return _of(Path(named), folder, now)
    environment = now.subject.environment
    found = [*sorted(shelf(folder, environment).glob("*.json")), *_beside(folder, environment)]
    if not found:
        asked = f"{now.rule.needed} approval{'s' if now.rule.needed > 1 else ''}"
        where = f"{APPROVALS / environment} or beside Pulumi.yaml"
        message = f"{environment} asks for {asked}, and there is no plan for it in {where}"
        return Admission([Finding(code="no-plan", message=message, hint=replan(environment))], now.follows)
    return min((_of(file, folder, now) for file in found), key=_weight)


def _beside(folder: Path, environment: str) -> Iterator[Path]:
    """The plans for an environment that are beside Pulumi.yaml, where other files may be JSON as well."""
    for file in sorted(folder.glob("*.json")):
        try:
            if read(file).subject.environment == environment:
                yield file
        except InvalidPlanError:
            continue


def _of(file: Path, folder: Path, now: CurrentState) -> Admission:
    try:
        plan: Plan = read(file)
    except InvalidPlanError as invalid:
        found = Finding(code="invalid-plan", message=str(invalid), hint=replan(now.subject.environment))
        return Admission([found], now.follows)
    return Admission(verify(plan, file, signatures(file), Signers.of(folder), now), plan.digest)


def _weight(judged: Admission) -> tuple[bool, int]:
    """Of several plans the one that is most nearly right is spoken of: one that is current before one that is not."""
    codes = [each.code for each in judged.findings if each.severity == "error"]
    return any(code in ("stale-plan", "used-plan", "invalid-plan", "changed-plan") for code in codes), len(codes)
