"""Rules of versions."""

from __future__ import annotations

from collections.abc import Iterator

from datakit_iac.policy.model import ConnectorFacts, EnvironmentFacts, StoreFacts, TransformFacts
from datakit_iac.policy.project_facts import ProjectFacts
from datakit_iac.policy.rule import NoArguments, Violation, rule


def _exact(environment: EnvironmentFacts) -> bool:
    return environment.versions == "exact"


@rule("exact-version-pins", "connector", "store", "transform", applies=_exact)
def exact_version_pins(
    subject: ConnectorFacts | StoreFacts | TransformFacts, _: NoArguments, project: ProjectFacts
) -> Iterator[Violation]:
    """Where the environment says `versions: exact`, every version is pinned: `:latest`, no tag and a range are none."""
    for reference in subject.references:
        if reference.is_exact:
            continue
        found = f"{reference.constraint!r}, which leaves a choice" if reference.constraint else "no version"
        message = f"{subject.target.kind} {subject.name} refers to {reference.kind} {reference.name} with {found}"
        expected = f"; {project.environment.name} demands exact versions"
        yield Violation(subject.target, reference.path, message + expected, "pin one version, e.g. 1.4.2")
