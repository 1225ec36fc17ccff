"""The rules that a project's policies name, with their arguments checked."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from datakit_iac.findings.finding import Finding
from datakit_iac.findings.location import Step
from datakit_iac.findings.nearest import nearest
from datakit_iac.findings.origin import Origin
from datakit_iac.manifest import wording
from datakit_iac.manifest.models.document import Model
from datakit_iac.manifest.models.policy import Enforcement, EnforcementChoice, Policy, enforced
from datakit_iac.manifest.models.policy import Rule as WrittenRule
from datakit_iac.manifest.project import Project
from datakit_iac.policy.defaults import ADVISED_RULES, DEFAULT_RULES, DEMANDED_RULES
from datakit_iac.policy.model import EnvironmentFacts
from datakit_iac.policy.registry import UnknownRuleError, find, names
from datakit_iac.policy.rule import Rule


@dataclass(frozen=True, slots=True)
class DeclaredRule:
    """A rule that applies to a project.

    Attributes:
        rule: the rule.
        arguments: as its policy gives them.
        enforcement: how strictly, everywhere or by environment.
        origin: where its policy is; None where it holds by itself.
        path: where it is in its policy.
        is_asked: whether a policy or the environment names it; else it is a default.
    """

    rule: Rule
    arguments: Model
    enforcement: EnforcementChoice = "mandatory"
    origin: Origin | None = None
    path: tuple[Step, ...] = ()
    is_asked: bool = True

    @property
    def code(self) -> str:
        """The code of its findings: the rule's name, or the name that a policy gives to its custom rule."""
        return str(getattr(self.arguments, "name", self.rule.name))

    def enforcement_in(self, environment: str) -> Enforcement:
        """Its enforcement in one environment."""
        return enforced(self.enforcement, environment)

    def applies(self, environment: EnvironmentFacts) -> bool:
        """Whether it applies to an environment."""
        return self.rule.applies(environment) and (self.is_asked or self.rule.unasked(environment))


def declared(project: Project) -> tuple[tuple[DeclaredRule, ...], tuple[Finding, ...]]:
    """The rules that hold for a project, and what is wrong with its policies themselves.

    A project without policies has the mission's; what an Environment demands holds in any case.
    """
    rules: list[DeclaredRule] = []
    findings: list[Finding] = []
    for policy in project.policies.values():
        findings.extend(_unknown_environments(policy, project))
        for index, written in policy.spec.numbered_rules():
            made, faults = _declared(policy, index, written, project.origin(policy))
            rules.extend(made)
            findings.extend(faults)
    named = {each.rule for policy in project.policies.values() for _, each in policy.spec.numbered_rules()}
    missing = [name for name in _by_themselves(project) if name not in named]
    rules += [
        DeclaredRule(
            found, found.arguments(), "advisory" if found.name in ADVISED_RULES else "mandatory", is_asked=False
        )
        for found in map(find, missing)
    ]
    return tuple(rules), (*findings, *_unknown_waivers(project, {each.code for each in rules}))


def _by_themselves(project: Project) -> tuple[str, ...]:
    has_policies = project.policies or any(kind == "Policy" for kind, _ in project.broken)
    return tuple(dict.fromkeys((*(() if has_policies else DEFAULT_RULES), *DEMANDED_RULES, *ADVISED_RULES)))


def _declared(
    policy: Policy, index: int, written: WrittenRule, origin: Origin
) -> tuple[list[DeclaredRule], list[Finding]]:
    """The rule at an index, or what is wrong with it."""
    path = ("spec", "rules", index)
    try:
        found = find(written.rule)
        arguments = found.arguments.model_validate(written.arguments)
    except UnknownRuleError as fault:
        return [], [origin.finding("unknown-rule", str(fault), (*path, "rule"), hint=fault.hint)]
    except ValidationError as invalid:
        return [], [_fault(origin, path, found, error) for error in invalid.errors()]
    enforcement = policy.spec.enforcement if written.enforcement is None else written.enforcement
    return [DeclaredRule(found, arguments, enforcement, origin, path)], []


def _fault(origin: Origin, path: tuple[Step, ...], found: Rule, error: ErrorDetails) -> Finding:
    """What is wrong with one argument, in the words of all manifests."""
    place, name = (*path, *error["loc"]), str(error["loc"][0]) if error["loc"] else ""
    known = found.argument_names
    match error["type"]:
        case "extra_forbidden" if name not in known:
            message = f"the rule {found.name} takes no argument {name!r}"
            return origin.finding("unknown-field", message, place, hint=nearest(name, known) if known else "")
        case "missing":
            message = f"the rule {found.name} expects the argument {name!r}, which is missing"
            return origin.finding("missing-field", message, place)
        case "value_error":
            return origin.finding("invalid-value", str(error["ctx"]["error"]), place)
    expected = wording.expected(error)
    return origin.finding("invalid-value", f"the rule {found.name} expects {expected} as {name!r}", place)


def _unknown_waivers(project: Project, codes: Collection[str]) -> Iterator[Finding]:
    for policy in project.policies.values():
        for index, waiver in policy.spec.numbered_waivers():
            if waiver.rule not in codes and waiver.rule not in names():
                message, hint = f"unknown rule {waiver.rule!r}", nearest(waiver.rule, {*codes, *names()})
                path = ("spec", "waivers", index, "rule")
                yield project.origin(policy).finding("unknown-rule", message, path, hint=hint)


def _unknown_environments(policy: Policy, project: Project) -> Iterator[Finding]:
    spec = policy.spec
    choices: list[tuple[tuple[Step, ...], EnforcementChoice | None]] = [(("spec", "enforcement"), spec.enforcement)]
    choices += [(("spec", "rules", index, "enforcement"), each.enforcement) for index, each in spec.numbered_rules()]
    for path, choice in choices:
        for name in choice if isinstance(choice, dict) else ():
            if name not in project.environments and not project.is_broken(name, "Environment"):
                message = f"unknown Environment {name!r}, so this says nothing"
                hint = nearest(name, project.environments)
                yield project.origin(policy).finding(
                    "unknown-environment", message, (*path, name), hint=hint, severity="warning"
                )
