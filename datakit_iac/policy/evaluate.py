"""Judging a project by its policies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from datakit_iac.findings.finding import Finding, Severity
from datakit_iac.findings.origin import Origin
from datakit_iac.manifest.project import Project
from datakit_iac.policy.cel import ExpressionError
from datakit_iac.policy.model import Step, Target
from datakit_iac.policy.project_facts import ProjectFacts
from datakit_iac.policy.rule import Violation
from datakit_iac.policy.selection import DeclaredRule, declared
from datakit_iac.policy.waivers import Waivers, excused

_KINDS: Final = {
    "connector": "Connector",
    "store": "Store",
    "dataset": "DataSet",
    "transform": "Transform",
    "environment": "Environment",
}


def evaluate(project: Project, facts: ProjectFacts, today: date) -> tuple[Finding, ...]:
    """What breaks the policies of a project in one environment, and what is wrong with the policies themselves.

    A violation of a mandatory rule is an error, of an advisory one a warning; one that is waived is a note.

    Args:
        project: the manifests, the policies among them.
        facts: what the rules look at.
        today: the day that waivers are held against.
    """
    rules, faults = declared(project)
    environment = facts.environment
    judged = [
        each for each in rules if each.enforcement_in(environment.name) != "disabled" and each.applies(environment)
    ]
    waivers = Waivers(project, today)
    findings = [found for each in judged for found in _judge(each, project, facts, waivers)]
    codes = {each.code for each in judged}
    return (*faults, *dict.fromkeys(findings), *waivers.findings(codes))


def _judge(declared: DeclaredRule, project: Project, facts: ProjectFacts, waivers: Waivers) -> Iterator[Finding]:
    severity: Severity = "error" if declared.enforcement_in(facts.environment.name) == "mandatory" else "warning"
    try:
        for violation in _violations(declared, facts):
            origin = _origin(violation.target, project, facts)
            if waiver := waivers.excuse(declared.code, violation):
                message = f"{violation.message}; {excused(waiver)}"
                yield origin.finding(declared.code, message, violation.path, severity="note")
            else:
                yield origin.finding(
                    declared.code, violation.message, violation.path, hint=violation.hint, severity=severity
                )
    except ExpressionError as fault:
        where, path = _place(declared, project, facts)
        yield where.finding("invalid-expression", str(fault), (*path, "expression"))
    except Exception as fault:  # a rule of another package: its fault is a finding, as every other
        message = f"the rule {declared.rule.name} failed: {type(fault).__name__}: {fault}"
        where, path = _place(declared, project, facts)
        yield where.finding("broken-rule", message, (*path, "rule"))


def _violations(declared: DeclaredRule, facts: ProjectFacts) -> Iterator[Violation]:
    for scope in declared.rule.scopes:
        for subject in facts.of(scope):
            yield from declared.rule(subject, declared.arguments, facts)


def _origin(target: Target, project: Project, facts: ProjectFacts) -> Origin:
    """Where the target of a violation is; of a Connector in several versions, the one that was looked at."""
    name = target.name
    if target.kind == "connector" and (version := facts.connectors[name].version):
        name = f"{name.partition('@')[0]}@{version}"
    return project.origins[_KINDS[target.kind], name]


def _place(declared: DeclaredRule, project: Project, facts: ProjectFacts) -> tuple[Origin, tuple[Step, ...]]:
    """Where a rule is: in its policy, or in the environment that demands it."""
    return declared.origin or _origin(facts.target, project, facts), declared.path
