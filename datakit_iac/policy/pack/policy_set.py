"""The policies that apply to resources: those of a project of manifests, or the mission's, in one environment."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from datakit_iac.environment.resolve import resolve
from datakit_iac.findings.finding import Finding, InvalidProjectError
from datakit_iac.manifest.loading.loader import read
from datakit_iac.manifest.models.policy import Waiver
from datakit_iac.manifest.project import Project
from datakit_iac.policy.defaults import ADVISED_RULES, DEFAULT_RULES, DEMANDED_RULES
from datakit_iac.policy.documentation import beside, described
from datakit_iac.policy.from_project import gather
from datakit_iac.policy.model import EnvironmentFacts
from datakit_iac.policy.pack.config import General
from datakit_iac.policy.project_facts import ProjectFacts
from datakit_iac.policy.registry import find
from datakit_iac.policy.rule import Violation
from datakit_iac.policy.selection import DeclaredRule, declared
from datakit_iac.policy.waivers import Waivers

OWN: Final = tuple(dict.fromkeys((*DEFAULT_RULES, *DEMANDED_RULES, *ADVISED_RULES)))
"""The rules that are enabled by default; each is a policy of the pack."""


@dataclass(frozen=True)
class PolicySet:
    """The rules of one environment.

    Attributes:
        rules: those that hold.
        facts: of the manifests; only of the environment where there are none.
        project: the manifests.
        waivers: those of the project's policies.
        granted: those of the configuration.
        today: the day for which waivers are checked.
        faults: what is wrong with the policies themselves.
    """

    rules: tuple[DeclaredRule, ...]
    facts: ProjectFacts
    project: Project
    waivers: Waivers
    granted: tuple[Waiver, ...]
    today: date
    faults: tuple[Finding, ...] = field(default=())

    @property
    def environment(self) -> EnvironmentFacts:
        """The environment."""
        return self.facts.environment

    def rules_of(self, name: str, configured: Mapping[str, Mapping[str, Any]]) -> list[DeclaredRule]:
        """The rules that a policy of the pack asks for: as configured, else as the project says.

        Args:
            name: the rule's; empty for all those that only the project's policies name.
            configured: the configuration of each rule whose policy is on.

        Raises:
            pydantic.ValidationError: the configuration is wrong.
        """
        if not name:
            return [each for each in self.rules if each.rule.name not in {*OWN, *configured}]
        config = dict(configured.get(name, {}))
        declared = [each for each in self.rules if each.rule.name == name]
        if not config and (declared or name in OWN):
            return declared
        rule, enforcement = find(name), config.pop("enforcement", "mandatory")
        return [DeclaredRule(rule, rule.arguments.model_validate(config), enforcement)]

    def excuse(self, code: str, violation: Violation) -> Waiver | None:
        """The waiver that holds for a violation, if there is one."""
        for each in self.granted:
            if (each.rule, each.target) == (code, str(violation.target)) and each.expires >= self.today:
                return each
        return self.waivers.excuse(code, violation)

    def expired(self) -> Iterator[Finding]:
        """The waivers that no longer hold."""
        for each in self.granted:
            if each.expires < self.today:
                message = f"the waiver of {each.rule} for {each.target} expired on {each.expires}"
                hint = f"fix {each.target}, or ask {each.owner} to renew it"
                yield Finding(code="expired-waiver", message=message, severity="warning", hint=hint)
        # Which are of use is reported by `dk validate`, which sees all of the project at once.
        yield from self.waivers.findings(())


def policy_set(root: Path | None, environment: str, general: General, today: date) -> PolicySet:
    """The policies that apply to resources.

    Args:
        root: the folder of the manifests; None where there are none.
        environment: the environment's name.
        general: what the configuration says.
        today: the day for which waivers are checked.
    """
    facts, faults, project = ProjectFacts(EnvironmentFacts(environment)), [], Project(root or Path())
    if root is not None:
        project, found = read(root)
        faults += [each for each in found if each.severity == "error"]
        try:
            resolved = resolve(project, environment, os.environ)
            facts = gather(resolved, described(resolved), beside(resolved))
        except InvalidProjectError as invalid:
            faults += invalid.findings
    facts = replace(facts, environment=_configured(facts.environment, general))
    rules, wrong = declared(project)
    waivers = Waivers(project, today)
    return PolicySet(rules, facts, project, waivers, tuple(general.waivers), today, (*faults, *wrong))


def _configured(environment: EnvironmentFacts, general: General) -> EnvironmentFacts:
    said = {name: getattr(general, name) for name in ("versions", "connectors", "quotas")}
    return replace(environment, **{name: value for name, value in said.items() if value is not None})
