"""Findings on resources: what policies find wrong with them, as the engine shows it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from datakit_iac.findings.finding import Finding
from datakit_iac.findings.visible import visible
from datakit_iac.policy.pack.policy_set import PolicySet
from datakit_iac.policy.project_facts import ProjectFacts, Subject
from datakit_iac.policy.rule import Remedy
from datakit_iac.policy.selection import DeclaredRule
from datakit_iac.policy.waivers import excused


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceFinding(Finding):
    """What a policy finds wrong with a resource; an error stops the change.

    Attributes:
        target: what it is about, as waivers write it.
        urn: the resource.
        remedy: the right answer, where there is only one.
    """

    target: str = ""
    urn: str = ""
    remedy: Remedy | None = None

    @property
    def identity(self) -> tuple[str, str, str]:
        """What distinguishes it from others, whichever policy set it comes from."""
        return self.code, self.target, self.message


def shown(found: Finding) -> str:
    """A finding as the engine prints it: its target or place in the line, then what to do."""
    target = found.target if isinstance(found, ResourceFinding) else found.where
    fix = f"\nfix: {found.hint}" if found.hint else ""
    return f"{visible(f'[{found.code}]' + (f' {target}:' if target else ''))} {found.message}{fix}"


def violations(
    rule: DeclaredRule, subject: Subject, project: ProjectFacts, policies: PolicySet, urn: str
) -> Iterator[ResourceFinding]:
    """What a rule finds wrong with a subject; what is waived is a note.

    Args:
        rule: the rule, with its arguments.
        subject: what it looks at.
        project: what is known of everything else.
        policies: the policy set of the environment, with its waivers.
        urn: the resource.
    """
    is_mandatory = rule.enforcement_in(policies.environment.name) == "mandatory"
    try:
        for each in rule.rule(subject, rule.arguments, project):
            target, waiver = str(each.target), policies.excuse(rule.code, each)
            yield ResourceFinding(
                code=rule.code,
                message=f"{each.message}; {excused(waiver)}" if waiver else each.message,
                severity="note" if waiver else "error" if is_mandatory else "warning",
                hint="" if waiver else each.hint,
                target=target,
                urn=urn,
                remedy=None if waiver else each.remedy,
            )
    except Exception as fault:  # an expression that fails, or a rule of another package
        message = f"the rule {rule.code} failed: {fault}"
        yield ResourceFinding(code="broken-rule", message=message, target=str(subject.target), urn=urn)
