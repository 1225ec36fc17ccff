"""What a policy says of a resource."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from datakit_iac.findings.finding import Finding
from datakit_iac.findings.sensitive import without_passwords
from datakit_iac.findings.visible import visible
from datakit_iac.policy.model import ProjectFacts, Subject
from datakit_iac.policy.pack.policy_set import PolicySet
from datakit_iac.policy.rule import Remedy, Violation
from datakit_iac.policy.selection import DeclaredRule
from datakit_iac.policy.waivers import excused


@dataclass(frozen=True, slots=True)
class PolicyViolation:
    """What a policy says of a resource.

    Attributes:
        code: the rule's name, or the one a policy gives to its own rule.
        target: what it is about, as waivers write it.
        message: what was found and expected.
        hint: what to do.
        stops: whether it stops the change.
        remedy: the right answer, where there is only one.
        urn: the resource.
    """

    code: str
    target: str
    message: str
    hint: str = ""
    stops: bool = True
    remedy: Remedy | None = None
    urn: str = ""

    @property
    def said(self) -> tuple[str, str, str]:
        """What makes it another than the rest, whichever law it comes from."""
        return self.code, self.target, self.message

    def __str__(self) -> str:
        """As the engine prints it."""
        fix = f"\nfix: {_shown(self.hint)}" if self.hint else ""
        where = f" {self.target}:" if self.target else ""
        return f"{_shown(f'[{self.code}]{where} {self.message}')}{fix}"


def _shown(text: str) -> str:
    return visible(without_passwords(text))


def verdicts(
    rule: DeclaredRule, subject: Subject, project: ProjectFacts, held: PolicySet, urn: str, stops: bool
) -> Iterator[PolicyViolation]:
    """What a rule says of a subject, with the waivers that hold for it.

    Args:
        rule: the rule, with its arguments.
        subject: what it is asked of.
        project: what is known of everything else.
        held: the law of the environment.
        urn: the resource.
        stops: whether the environment takes the rule as mandatory.
    """
    try:
        for violation in rule.rule(subject, rule.arguments, project):
            yield _verdict(rule.code, violation, held, urn, stops)
    except Exception as fault:  # an expression without an answer, or somebody else's rule
        yield PolicyViolation("broken-rule", str(subject.target), f"the rule {rule.code} failed: {fault}", urn=urn)


def _verdict(code: str, violation: Violation, held: PolicySet, urn: str, stops: bool) -> PolicyViolation:
    target = str(violation.target)
    if waiver := held.excuse(code, violation):
        message = f"{violation.message}; {excused(waiver)}"
        return PolicyViolation(code, target, message, stops=False, urn=urn)
    return PolicyViolation(code, target, violation.message, violation.hint, stops, violation.remedy, urn)


def of_finding(found: Finding) -> PolicyViolation:
    """A fault of the law itself, as a verdict."""
    where = f"{found.where}: " if found.file else ""
    return PolicyViolation(found.code, "", f"{where}{found.message}", found.hint, found.severity == "error")
