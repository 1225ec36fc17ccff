"""What else is known of a stack while a part of it is judged: what manifests declare, and what was seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from datakit_iac.policy.facts import DataSetFacts, ProjectFacts, Subject, members


def complete(declared: ProjectFacts, seen: Iterable[Subject]) -> ProjectFacts:
    """What is declared with what was seen over it; the other way round nothing would be judged as it is.

    Args:
        declared: the facts of the manifests.
        seen: the facts of the resources.
    """
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
    return ProjectFacts(declared.environment, groups=declared.groups, **parts)


def whole(project: ProjectFacts, subject: Subject) -> Subject:
    """A subject as the whole project shows it: an output is what some Transform writes."""
    if isinstance(subject, DataSetFacts):
        return project.datasets.get(subject.name, subject)
    return subject


def upstream(
    subject: DataSetFacts, known: Mapping[str, DataSetFacts], groups: Mapping[str, tuple[str, ...]]
) -> dict[str, DataSetFacts]:
    """A DataSet and all that its columns come from, as far as it is known."""
    found = {subject.name: subject}
    pending = [subject]
    for each in pending:  # grows meanwhile
        named = {source.partition(".")[0] for column in each.columns for source in column.sources}
        for name in {member for source in named for member in members(source, groups, known)}:
            if name in known and name not in found:
                found[name] = known[name]
                pending.append(known[name])
    return found
