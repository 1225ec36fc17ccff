"""Judging resources as the engine shows them, one after the other, and all of them in the end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from datakit_iac.manifest import wording
from datakit_iac.policy.model import DataSetFacts, EnvironmentFacts, ProjectFacts, Subject
from datakit_iac.policy.pack import from_cloud_resource, from_resource
from datakit_iac.policy.pack.config import General
from datakit_iac.policy.pack.context import Seen, complete, whole
from datakit_iac.policy.pack.policy_set import OWN, PolicySet, law
from datakit_iac.policy.pack.resource import ObservedResource
from datakit_iac.policy.pack.violation import PolicyViolation, of_finding, verdicts
from datakit_iac.policy.registry import find
from datakit_iac.policy.rule import Remedy, Rule
from datakit_iac.policy.selection import DeclaredRule

PLATFORM: Final = "datakit:index:Platform"
ROOT: Final = "pulumi:pulumi:Stack"
NOTHING: Final[Mapping[str, Any]] = {}

_STACK_WIDE: Final = (
    "pii-propagates",
    "lineage-required",
    "pii-suspected",
    "quotas",
    "classification-required",
    "pii-declared",
    "tier-requirements",
)
"""The rules that everything at once can tell more of than one resource by itself."""


_Key = tuple[str, str]
"""A law: the folder of a project, and an environment."""


class Analyzer:
    """The judge of one stack, for as long as the engine's command lasts.

    Args:
        folder: the Pulumi project's, from which manifests' folders count.
        today: the day that waivers are held against; None for the real one.
    """

    def __init__(self, folder: Path, today: date | None = None) -> None:
        self._folder, self._today = folder, today or date.today()
        self._general = General()
        self._configured: dict[str, Mapping[str, Any]] = {}
        self._platforms: dict[str, tuple[str, str]] = {}
        self._laws: dict[_Key, PolicySet] = {}
        self._seen: dict[_Key, dict[str, tuple[ObservedResource, Subject]]] = {}
        self._named: dict[_Key, Seen] = defaultdict(Seen)
        self._around_last: tuple[str, _Key, ProjectFacts] = ("", ("", ""), ProjectFacts(EnvironmentFacts("")))
        self._askable: dict[str, frozenset[str]] = {}
        self._told: set[tuple[str, str, str]] = set()

    def meet(self, resource: ObservedResource, general: Mapping[str, Any]) -> list[PolicyViolation]:
        """Take notice of a resource before it is judged, and of what holds for it.

        Args:
            resource: the resource.
            general: the configuration that holds for all policies.

        Returns:
            What is wrong with the law itself: told on the stack, and on each Platform.
        """
        if resource.type == ROOT:
            try:
                self._general = General.model_validate(general)
            except ValidationError as invalid:
                return [PolicyViolation("invalid-value", "", f"the pack's configuration: {_first(invalid)}")]
        if resource.type == PLATFORM and isinstance(project := resource.properties.get("project"), str):
            environment = resource.properties.get("environment")
            self._platforms[resource.urn] = (project, environment if isinstance(environment, str) else "")
        if resource.type not in (ROOT, PLATFORM):
            return []
        laws = [self._law(key) for key in self._keys(resource)]
        return [of_finding(each) for held in laws for each in (*held.faults, *held.expired())]

    def configure(self, name: str, config: Mapping[str, Any]) -> None:
        """Take notice that a rule's own policy is on, and of what its configuration says."""
        self._configured.setdefault(name, config)

    def judge(self, name: str, resource: ObservedResource) -> Iterator[PolicyViolation]:
        """What one rule says of one resource, before it is made.

        Args:
            name: the rule's; empty for all those that only the project's policies name.
            resource: the resource.
        """
        if resource.type == ROOT:
            return  # what the configuration says is only known once the root has been met
        told = set[tuple[str, str, str]]()
        for key in self._keys(resource):
            for each in self._judge(name, resource, key):
                if each.said not in told:
                    told.add(each.said)
                    yield each

    def _judge(self, name: str, resource: ObservedResource, key: _Key) -> Iterator[PolicyViolation]:
        held = self._law(key)
        try:
            subject = self._subject(resource, key)
        except from_resource.NotYetKnownError as unknown:
            if not name:
                message = f"{unknown} of {resource.name} is not known yet; it will be judged when it is"
                yield PolicyViolation("unknown-value", "", message, stops=False, urn=resource.urn)
            return
        except ValidationError:
            return  # the provider refuses it, and says what is wrong
        if subject is not None:
            project = self._around(subject, resource, key)
            for each in self._judged(name, resource, held, [(resource.urn, subject)], project):
                self._told.add(each.said)
                yield each

    def judge_stack(self, root: ObservedResource) -> Iterator[PolicyViolation]:
        """What the rules that are on say of everything at once, where they have not said so of a resource already.

        Args:
            root: the resource that all others belong to.
        """
        asked = (*(name for name in _STACK_WIDE if name in self._configured), "")
        for key, held in self._laws.items():
            seen = self._seen.get(key, {})
            project = complete(
                held.facts, {urn: (each, self._is_declared(resource, key)) for urn, (resource, each) in seen.items()}
            )
            subjects = [(urn, whole(project, subject)) for urn, (_, subject) in seen.items()]
            for name in asked:
                for each in self._judged(name, root, held, [*subjects, (root.urn, project)], project):
                    if each.said not in self._told:
                        yield each

    def remedies(self, name: str, resource: ObservedResource) -> list[Remedy]:
        """The right answers to what a rule has against a resource."""
        return [each.remedy for each in self.judge(name, resource) if each.remedy]

    def _keys(self, resource: ObservedResource) -> list[_Key]:
        """The policy sets that apply to a resource.

        To call itself a Platform, or the child of one, lets nothing escape: what is none of that project's manifests
        must also follow the policy set of what has no Platform, and that of the stack's own environment beside another.
        """
        general = (self._general.project, self._general.environment or resource.stack)
        own = self._platforms.get(resource.urn) or self._platforms.get(resource.parent)
        if own is None:
            return [general]
        project, environment = own[0], own[1] or resource.stack
        keys = [(project, environment)]
        if environment != resource.stack and resource.stack in self._law(keys[0]).project.environments:
            keys.append((project, resource.stack))
        if resource.type != PLATFORM and not self._is_declared(resource, keys[0]):
            keys.append(general)
        return list(dict.fromkeys(keys))

    def _law(self, key: _Key) -> PolicySet:
        if key not in self._laws:
            root = self._folder / key[0] if key[0] else None
            self._laws[key] = law(root, key[1], self._general, self._today)
        return self._laws[key]

    def _is_declared(self, resource: ObservedResource, key: _Key) -> bool:
        """Whether a resource is that of a manifest: only a Platform's are, each under the manifest's own name."""
        if resource.parent not in self._platforms or self._platforms[resource.parent][0] != key[0]:
            return False
        return from_resource.is_declared(resource, self._law(key).facts)

    def _subject(self, resource: ObservedResource, key: _Key) -> Subject | None:
        held = self._law(key)
        if resource.type == PLATFORM:
            return held.facts
        seen = self._seen.setdefault(key, {})
        if (known := seen.get(resource.urn)) and known[0] is resource:
            return known[1]
        if resource.type in (*from_cloud_resource.DATA, *from_cloud_resource.JOBS):
            from_resource.demand_known(resource)
            subject: Subject | None = from_cloud_resource.subject(resource)
            self._askable[resource.urn] = from_cloud_resource.rules_for(resource)
        else:
            # Any resource but a Platform's may have the name of a manifest and be another thing.
            is_declared = self._is_declared(resource, key)
            subject = from_resource.subject(resource, held.facts if is_declared else ProjectFacts(held.environment))
            if isinstance(subject, DataSetFacts):
                self._named[key].add(resource.urn, subject)
        if subject is not None:
            seen[resource.urn] = (resource, subject)
        return subject

    def _around(self, subject: Subject, resource: ObservedResource, key: _Key) -> ProjectFacts:
        """What is known of everything else while one resource is judged: of what was seen, only its sources."""
        held = self._law(key)
        if self._is_declared(resource, key) or not isinstance(subject, DataSetFacts):
            return held.facts
        if not any(column.sources for column in subject.columns):
            return held.facts
        if self._around_last[:2] != (resource.urn, key):
            around = replace(held.facts, datasets=self._named[key].upstream(subject, held.facts))
            self._around_last = (resource.urn, key, around)
        return self._around_last[2]

    def _judged(
        self,
        name: str,
        resource: ObservedResource,
        held: PolicySet,
        subjects: list[tuple[str, Subject]],
        project: ProjectFacts,
    ) -> Iterator[PolicyViolation]:
        try:
            rules = list(self._rules(name, held))
        except ValidationError as invalid:
            yield PolicyViolation(
                "invalid-value", "", f"the configuration of {name}: {_first(invalid)}", urn=resource.urn
            )
            return
        for rule in rules:
            enforcement = rule.enforcement_in(held.environment.name)
            if enforcement == "disabled" or not rule.applies(held.environment):
                continue
            for urn, subject in subjects:
                if rule.rule.name in self._askable.get(urn, (rule.rule.name,)) and _scope(subject) in rule.rule.scopes:
                    yield from verdicts(rule, subject, project, held, urn, enforcement == "mandatory")

    def _rules(self, name: str, held: PolicySet) -> Iterator[DeclaredRule]:
        """The rules that a policy of the pack stands for: as configured, else as the project says."""
        if not name:
            yield from (each for each in held.rules if each.rule.name not in {*OWN, *self._configured})
            return
        config = dict(self._configured.get(name, {}))
        declared = [each for each in held.rules if each.rule.name == name]
        if config or (not declared and name not in OWN):
            yield _configured(find(name), config)
        else:
            yield from declared


def _configured(rule: Rule, config: dict[str, Any]) -> DeclaredRule:
    enforcement = config.pop("enforcement", "mandatory")
    return DeclaredRule(rule, rule.arguments.model_validate(config), enforcement)


def _first(invalid: ValidationError) -> str:
    error = invalid.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(map(str, error['loc']))}: {wording.sentence(error)}"


def _scope(subject: Subject) -> str:
    return "project" if isinstance(subject, ProjectFacts) else subject.target.kind
