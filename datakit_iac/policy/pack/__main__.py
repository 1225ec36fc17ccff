"""The policy pack as the engine starts it; the only module that knows `pulumi_policy`.

It runs in a virtual environment of its own, since pulumi-policy pins another protobuf than the rest of a platform.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

if __name__ == "__main__":
    # Started by its folder, Python would find our modules by their bare names before anybody else's.
    del sys.path[0]

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    PolicyPack,
    ResourceValidationPolicy,
    StackValidationPolicy,
)

from datakit_iac.findings.finding import Finding
from datakit_iac.policy.pack import remediation
from datakit_iac.policy.pack.analyzer import NOTHING, ROOT, Analyzer
from datakit_iac.policy.pack.config import general_schema, rule_schema
from datakit_iac.policy.pack.findings import ResourceFinding, shown
from datakit_iac.policy.pack.policy_set import OWN
from datakit_iac.policy.pack.resource import ObservedResource, plain
from datakit_iac.policy.registry import UnknownRuleError, find, names

_REMEDIED: Final = ("classification-required", "owner-required", "pii-propagates")

Report = Callable[..., None]


class Pack:
    """The policies of the pack, over one judge."""

    def __init__(self) -> None:
        self._analyzer = Analyzer(_project_folder())
        self._advice: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self._observed: dict[str, ObservedResource] = {}

    def policies(self) -> list[Policy]:
        """All of them; the first takes notice of each resource, the last tells what is only advised."""
        found: list[Policy] = [self._general()]
        found += filter(None, map(self._of_rule, names()))
        found.append(self._of_project())
        return [*found, self._of_stack(), self._advising(), self._advising_stack()]

    def _general(self) -> Policy:
        def validate(args: Any, report: Report) -> None:
            resource = self._observed[args.urn] = _observed(args)
            self._report(self._analyzer.observe(resource, args.get_config() or NOTHING), report, resource.urn)

        about = "The policies themselves are right, and waivers hold."
        schema = PolicyConfigSchema(general_schema())
        return ResourceValidationPolicy("policies", about, validate, EnforcementLevel.MANDATORY, schema)

    def _of_rule(self, name: str) -> Policy | None:
        try:
            rule = find(name)
        except UnknownRuleError:  # a policy that names it gets a finding
            return None

        def validate(args: Any, report: Report) -> None:
            self._analyzer.configure(name, args.get_config() or NOTHING)
            self._report(self._analyzer.check(name, self._met(args)), report, args.urn)

        def remediate(args: Any) -> Any:
            self._analyzer.configure(name, args.get_config() or NOTHING)
            found = self._analyzer.remedies(name, _observed(args))
            for each in found:
                remediation.apply(each, args.resource_type, args.props)
            return args.props if found else None

        return ResourceValidationPolicy(
            name,
            rule.summary,
            validate,
            EnforcementLevel.MANDATORY if name in OWN else EnforcementLevel.DISABLED,
            PolicyConfigSchema(rule_schema(rule)),
            remediate=remediate if name in _REMEDIED else None,
        )

    def _of_project(self) -> Policy:
        def validate(args: Any, report: Report) -> None:
            self._report(self._analyzer.check("", self._met(args)), report, args.urn)

        about = "Rules that only the project's own policies ask for, each by the name in brackets."
        return ResourceValidationPolicy("declared", about, validate, EnforcementLevel.MANDATORY)

    def _of_stack(self) -> Policy:
        # The library decodes every resource again for each policy of the stack: one policy asks all the rules.
        def validate(args: Any, report: Report) -> None:
            self._report(self._analyzer.check_stack(_root(args)), report, "")

        about = "What only everything at once can tell."
        return StackValidationPolicy("stack", about, validate, EnforcementLevel.MANDATORY)

    def _advising(self) -> Policy:
        def validate(args: Any, report: Report) -> None:
            for text, urn in self._advice.pop(args.urn, ()):
                report(text, urn)

        about = "What is only advised here, or is waived."
        return ResourceValidationPolicy("advice", about, validate, EnforcementLevel.ADVISORY)

    def _advising_stack(self) -> Policy:
        def validate(_: Any, report: Report) -> None:
            for text, urn in self._advice.pop("", ()):
                report(text, urn)

        about = "What is only advised here, or is waived, over everything at once."
        return StackValidationPolicy("stack-advice", about, validate, EnforcementLevel.ADVISORY)

    def _met(self, args: Any) -> ObservedResource:
        """The resource as the first policy saw it, or as it is where that one is turned off."""
        return self._observed.get(args.urn) or _observed(args)

    def _report(self, findings: Iterable[Finding], report: Report, urn: str) -> None:
        """Report errors now, and the rest with the policies that only advise."""
        for each in findings:
            about = each.urn if isinstance(each, ResourceFinding) and each.urn else urn
            if each.severity == "error":
                report(shown(each), about)
            else:
                self._advice[urn].append((shown(each), about))


def _observed(args: Any) -> ObservedResource:
    kind = getattr(args, "opts", None)
    parent = getattr(kind, "parent", None) or ""
    return ObservedResource(args.resource_type, args.name, args.urn, plain(args.props), parent)


def _root(args: Any) -> ObservedResource:
    root = next((each for each in args.resources if each.resource_type == ROOT), args.resources[0])
    return ObservedResource(root.resource_type, root.name, root.urn, NOTHING)


def _project_folder() -> Path:
    """The Pulumi project's folder: the engine starts a pack in it, or in the program's below."""
    here = Path.cwd()
    return next((each for each in (here, *here.parents) if (each / "Pulumi.yaml").is_file()), here)


if __name__ == "__main__":
    PolicyPack("datakit", Pack().policies(), EnforcementLevel.MANDATORY)
