"""Checks resources as the engine shows them, one after the other, and all of them in the end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from datakit_iac.findings.finding import Finding
from datakit_iac.manifest import wording
from datakit_iac.policy.model import DataSetFacts, EnvironmentFacts
from datakit_iac.policy.pack import from_cloud_resource, from_resource
from datakit_iac.policy.pack.config import General
from datakit_iac.policy.pack.context import Seen, complete, whole
from datakit_iac.policy.pack.findings import ResourceFinding, violations
from datakit_iac.policy.pack.policy_set import PolicySet, policy_set
from datakit_iac.policy.pack.resource import ObservedResource
from datakit_iac.policy.project_facts import ProjectFacts, Subject
from datakit_iac.policy.rule import Remedy

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
"""Of a policy set: the folder of a project, and an environment."""


class Analyzer:
    """The policies over one stack, for as long as the engine's command lasts.

    Args:
        folder: the Pulumi project's, from which manifests' folders count.
        today: the day for which waivers are checked; None for the real one.
    """

    def __init__(self, folder: Path, today: date | None = None) -> None:
        self._folder, self._today = folder, today or date.today()
        self._general = General()
        self._configured: dict[str, Mapping[str, Any]] = {}
        self._platforms: dict[str, tuple[str, str]] = {}
        self._policy_sets: dict[_Key, PolicySet] = {}
        self._seen: dict[_Key, dict[str, tuple[ObservedResource, Subject]]] = {}
        self._named: dict[_Key, Seen] = defaultdict(Seen)
        self._around_last: tuple[str, _Key, ProjectFacts] = ("", ("", ""), ProjectFacts(EnvironmentFacts("")))
        self._askable: dict[str, frozenset[str]] = {}
        self._reported: set[tuple[str, str, str]] = set()

    def observe(self, resource: ObservedResource, general: Mapping[str, Any]) -> list[Finding]:
        """Take notice of a resource before it is checked, and of what holds for it.

        Args:
            resource: the resource.
            general: the configuration that holds for all policies.

        Returns:
            What is wrong with the policies themselves: reported on the stack, and on each Platform.
        """
        if resource.type == ROOT:
            try:
                self._general = General.model_validate(general)
            except ValidationError as invalid:
                return [_invalid("the pack's configuration", invalid)]
        if resource.type == PLATFORM and isinstance(project := resource.properties.get("project"), str):
            environment = resource.properties.get("environment")
            self._platforms[resource.urn] = (project, environment if isinstance(environment, str) else "")
        if resource.type not in (ROOT, PLATFORM):
            return []
        applying = [self._policies(key) for key in self._keys(resource)]
        return [each for policies in applying for each in (*policies.faults, *policies.expired())]

    def configure(self, name: str, config: Mapping[str, Any]) -> None:
        """Take notice that a rule's own policy is on, and of what its configuration says."""
        self._configured.setdefault(name, config)

    def check(self, name: str, resource: ObservedResource) -> Iterator[ResourceFinding]:
        """What one rule says of one resource, before it is made.

        Args:
            name: the rule's; empty for all those that only the project's policies name.
            resource: the resource.
        """
        if resource.type == ROOT:
            return  # what the configuration says is only known once the root has been met
        reported = set[tuple[str, str, str]]()
        for key in self._keys(resource):
            for each in self._check(name, resource, key):
                if each.identity not in reported:
                    reported.add(each.identity)
                    yield each

    def _check(self, name: str, resource: ObservedResource, key: _Key) -> Iterator[ResourceFinding]:
        policies = self._policies(key)
        try:
            subject = self._subject(resource, key)
        except from_resource.NotYetKnownError as unknown:
            if not name:
                message = f"{unknown} of {resource.name} is not known yet; it will be checked when it is"
                yield ResourceFinding(code="unknown-value", message=message, severity="warning", urn=resource.urn)
            return
        except ValidationError:
            return  # the provider refuses it, and says what is wrong
        if subject is not None:
            project = self._around(subject, resource, key)
            for each in self._apply(name, resource, policies, [(resource.urn, subject)], project):
                self._reported.add(each.identity)
                yield each

    def check_stack(self, root: ObservedResource) -> Iterator[ResourceFinding]:
        """What the rules that are on say of everything at once, where they have not said so of a resource already.

        Args:
            root: the resource that all others belong to.
        """
        asked = (*(name for name in _STACK_WIDE if name in self._configured), "")
        for key, policies in self._policy_sets.items():
            seen = self._seen.get(key, {})
            project = complete(
                policies.facts,
                {urn: (each, self._is_declared(resource, key)) for urn, (resource, each) in seen.items()},
            )
            subjects = [(urn, whole(project, subject)) for urn, (_, subject) in seen.items()]
            for name in asked:
                for each in self._apply(name, root, policies, [*subjects, (root.urn, project)], project):
                    if each.identity not in self._reported:
                        yield each

    def remedies(self, name: str, resource: ObservedResource) -> list[Remedy]:
        """The right answers to what a rule has against a resource."""
        return [each.remedy for each in self.check(name, resource) if each.remedy]

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
        if environment != resource.stack and resource.stack in self._policies(keys[0]).project.environments:
            keys.append((project, resource.stack))
        if resource.type != PLATFORM and not self._is_declared(resource, keys[0]):
            keys.append(general)
        return list(dict.fromkeys(keys))

    def _policies(self, key: _Key) -> PolicySet:
        if key not in self._policy_sets:
            root = self._folder / key[0] if key[0] else None
            self._policy_sets[key] = policy_set(root, key[1], self._general, self._today)
        return self._policy_sets[key]

    def _is_declared(self, resource: ObservedResource, key: _Key) -> bool:
        """Whether a resource is that of a manifest: only a Platform's are, each under the manifest's own name."""
        if resource.parent not in self._platforms or self._platforms[resource.parent][0] != key[0]:
            return False
        return from_resource.is_declared(resource, self._policies(key).facts)

    def _subject(self, resource: ObservedResource, key: _Key) -> Subject | None:
        policies = self._policies(key)
        if resource.type == PLATFORM:
            return policies.facts
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
            subject = from_resource.subject(
                resource, policies.facts if is_declared else ProjectFacts(policies.environment)
            )
            if isinstance(subject, DataSetFacts):
                self._named[key].add(resource.urn, subject)
        if subject is not None:
            seen[resource.urn] = (resource, subject)
        return subject

    def _around(self, subject: Subject, resource: ObservedResource, key: _Key) -> ProjectFacts:
        """What is known of everything else while one resource is checked: of what was seen, only its sources."""
        policies = self._policies(key)
        if self._is_declared(resource, key) or not isinstance(subject, DataSetFacts):
            return policies.facts
        if not any(column.sources for column in subject.columns):
            return policies.facts
        if self._around_last[:2] != (resource.urn, key):
            around = replace(policies.facts, datasets=self._named[key].upstream(subject, policies.facts))
            self._around_last = (resource.urn, key, around)
        return self._around_last[2]

    def _apply(
        self,
        name: str,
        resource: ObservedResource,
        policies: PolicySet,
        subjects: list[tuple[str, Subject]],
        project: ProjectFacts,
    ) -> Iterator[ResourceFinding]:
        try:
            rules = policies.rules_of(name, self._configured)
        except ValidationError as invalid:
            yield _invalid(f"the configuration of {name}", invalid, resource.urn)
            return
        for rule in rules:
            if rule.enforcement_in(policies.environment.name) == "disabled" or not rule.applies(policies.environment):
                continue
            for urn, subject in subjects:
                if rule.rule.name in self._askable.get(urn, (rule.rule.name,)) and _scope(subject) in rule.rule.scopes:
                    yield from violations(rule, subject, project, policies, urn)


def _invalid(what: str, invalid: ValidationError, urn: str = "") -> ResourceFinding:
    error = invalid.errors(include_input=False, include_url=False)[0]
    message = f"{what}: {'.'.join(map(str, error['loc']))}: {wording.sentence(error)}"
    return ResourceFinding(code="invalid-value", message=message, urn=urn)


def _scope(subject: Subject) -> str:
    return "project" if isinstance(subject, ProjectFacts) else subject.target.kind
