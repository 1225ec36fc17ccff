"""Judging resources as the engine shows them, one after the other, and all of them in the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from datakit_iac.manifest.finding import Finding
from datakit_iac.policy.declared import DeclaredRule
from datakit_iac.policy.facts import DataSetFacts, ProjectFacts, Subject
from datakit_iac.policy.pack import foreign, translating
from datakit_iac.policy.pack.configuration import General
from datakit_iac.policy.pack.law import OWN, Law, law
from datakit_iac.policy.pack.observed import Observed
from datakit_iac.policy.registry import find
from datakit_iac.policy.rule import Remedy, Rule, Violation
from datakit_iac.policy.waivers import excused

PLATFORM: Final = "datakit:index:Platform"
ROOT: Final = "pulumi:pulumi:Stack"
NOTHING: Final[Mapping[str, Any]] = {}


@dataclass(frozen=True, slots=True)
class Verdict:
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

    def __str__(self) -> str:
        """As the engine prints it."""
        fix = f"\nfix: {self.hint}" if self.hint else ""
        where = f" {self.target}:" if self.target else ""
        return f"[{self.code}]{where} {self.message}{fix}"


class Judge:
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
        self._laws: dict[tuple[str, str], Law] = {}
        self._seen: dict[tuple[str, str], dict[str, tuple[Observed, Subject]]] = {}
        self._askable: dict[str, frozenset[str]] = {}
        self._told: set[tuple[str, str, str]] = set()

    def meet(self, resource: Observed, general: Mapping[str, Any]) -> list[Verdict]:
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
                return [Verdict("invalid-value", "", f"the pack's configuration: {_first(invalid)}")]
        if resource.type == PLATFORM and (project := resource.properties.get("project")):
            self._platforms[resource.urn] = (str(project), str(resource.properties.get("environment") or ""))
        if resource.type not in (ROOT, PLATFORM):
            return []
        held = self._law(resource)
        return [_of_finding(each) for each in (*held.faults, *held.expired())]

    def configure(self, name: str, config: Mapping[str, Any]) -> None:
        """Take notice that a rule's own policy is on, and of what its configuration says."""
        self._configured.setdefault(name, config)

    def judge(self, name: str, resource: Observed) -> Iterator[Verdict]:
        """What one rule says of one resource, before it is made.

        Args:
            name: the rule's; empty for all those that only the project's policies name.
            resource: the resource.
        """
        if resource.type == ROOT:
            return  # what the configuration says is only known once the root has been met
        held = self._law(resource)
        try:
            subject = self._subject(resource, held)
        except translating.NotYetKnownError as unknown:
            if not name:
                message = f"{unknown} of {resource.name} is not known yet; it will be judged when it is"
                yield Verdict("unknown-value", "", message, stops=False, urn=resource.urn)
            return
        except ValidationError:
            return  # the provider refuses it, and says what is wrong
        if subject is not None:
            project = self._around(subject, resource, held)
            for each in self._judged(name, resource, held, [(resource.urn, subject)], project):
                self._told.add((each.code, each.target, each.message))
                yield each

    def judge_stack(self, name: str, root: Observed) -> Iterator[Verdict]:
        """What one rule says of everything at once, where it has not said so of a resource already.

        Args:
            name: the rule's; empty for all those that only the project's policies name.
            root: the resource that all others belong to.
        """
        for key, held in self._laws.items():
            seen = self._seen.get(key, {})
            project = _complete(held.facts, [subject for _, subject in seen.values()])
            subjects = [(urn, _whole(project, subject)) for urn, (_, subject) in seen.items()]
            for each in self._judged(name, root, held, [*subjects, (root.urn, project)], project):
                if (each.code, each.target, each.message) not in self._told:
                    yield each

    def remedies(self, name: str, resource: Observed) -> list[Remedy]:
        """The right answers to what a rule has against a resource."""
        return [each.remedy for each in self.judge(name, resource) if each.remedy]

    def _key(self, resource: Observed) -> tuple[str, str]:
        own = self._platforms.get(resource.urn) or self._platforms.get(resource.parent)
        project, environment = own or (self._general.project, self._general.environment)
        return project, environment or resource.stack

    def _law(self, resource: Observed) -> Law:
        key = self._key(resource)
        if key not in self._laws:
            root = self._folder / key[0] if key[0] else None
            self._laws[key] = law(root, key[1], self._general, self._today)
        return self._laws[key]

    def _subject(self, resource: Observed, held: Law) -> Subject | None:
        # Only a Platform's resources are its manifests; any other may have the name of one and be another thing.
        declared = held.facts if resource.parent in self._platforms else ProjectFacts(held.environment)
        if resource.type == PLATFORM:
            return held.facts
        if resource.type in (*foreign.DATA, *foreign.JOBS):
            translating.demand_known(resource)
            subject: Subject | None = foreign.subject(resource)
            self._askable[resource.urn] = foreign.rules_for(resource)
        else:
            subject = translating.subject(resource, declared)
        if subject is not None:
            self._seen.setdefault(self._key(resource), {})[resource.urn] = (resource, subject)
        return subject

    def _around(self, subject: Subject, resource: Observed, held: Law) -> ProjectFacts:
        """What is known of everything else while one resource is judged."""
        derives = isinstance(subject, DataSetFacts) and any(column.sources for column in subject.columns)
        if resource.parent in self._platforms or not derives:
            return held.facts
        return _complete(held.facts, [each for _, each in self._seen[self._key(resource)].values()])

    def _judged(
        self, name: str, resource: Observed, held: Law, subjects: list[tuple[str, Subject]], project: ProjectFacts
    ) -> Iterator[Verdict]:
        try:
            rules = list(self._rules(name, held))
        except ValidationError as invalid:
            yield Verdict("invalid-value", "", f"the configuration of {name}: {_first(invalid)}", urn=resource.urn)
            return
        for rule in rules:
            enforcement = rule.enforcement_in(held.environment.name)
            if enforcement == "disabled" or not rule.rule.applies(held.environment):
                continue
            for urn, subject in subjects:
                if rule.rule.name in self._askable.get(urn, (rule.rule.name,)) and _scope(subject) in rule.rule.scopes:
                    yield from _verdicts(rule, subject, project, held, urn, enforcement == "mandatory")

    def _rules(self, name: str, held: Law) -> Iterator[DeclaredRule]:
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


def _whole(project: ProjectFacts, subject: Subject) -> Subject:
    """A subject as the whole project shows it: an output is what some Transform writes."""
    if isinstance(subject, DataSetFacts):
        return project.datasets.get(subject.name, subject)
    return subject


def _complete(declared: ProjectFacts, seen: list[Subject]) -> ProjectFacts:
    """What is declared with what was seen over it; the other way round nothing would be judged as it is."""
    parts: dict[str, dict[str, Any]] = {
        f"{kind}s": dict(getattr(declared, f"{kind}s")) for kind in ("connector", "store", "dataset", "transform")
    }
    for each in seen:
        if not isinstance(each, ProjectFacts):
            parts[f"{each.target.kind}s"][each.name] = each
    written = {name for transform in parts["transforms"].values() for name in transform.outputs}
    parts["datasets"] = {
        name: replace(each, is_output=True) if name in written else each for name, each in parts["datasets"].items()
    }
    return ProjectFacts(declared.environment, **parts)


def _configured(rule: Rule, config: dict[str, Any]) -> DeclaredRule:
    enforcement = config.pop("enforcement", "mandatory")
    return DeclaredRule(rule, rule.arguments.model_validate(config), enforcement)


def _verdicts(
    rule: DeclaredRule, subject: Subject, project: ProjectFacts, held: Law, urn: str, stops: bool
) -> Iterator[Verdict]:
    try:
        for violation in rule.rule(subject, rule.arguments, project):
            yield _verdict(rule.code, violation, held, urn, stops)
    except Exception as fault:  # an expression without an answer, or somebody else's rule
        yield Verdict("broken-rule", str(subject.target), f"the rule {rule.code} failed: {fault}", urn=urn)


def _verdict(code: str, violation: Violation, held: Law, urn: str, stops: bool) -> Verdict:
    target = str(violation.target)
    if waiver := held.excuse(code, violation):
        message = f"{violation.message}; {excused(waiver)}"
        return Verdict(code, target, message, stops=False, urn=urn)
    return Verdict(code, target, violation.message, violation.hint, stops, violation.remedy, urn)


def _scope(subject: Subject) -> str:
    return "project" if isinstance(subject, ProjectFacts) else subject.target.kind


def _of_finding(found: Finding) -> Verdict:
    where = f"{found.where}: " if found.file else ""
    return Verdict(found.code, "", f"{where}{found.message}", found.hint, found.severity == "error")


def _first(invalid: ValidationError) -> str:
    error = invalid.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(map(str, error['loc']))}: {error['msg']}"
