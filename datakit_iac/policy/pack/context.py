"""What else is known of a stack while a part of it is checked: what manifests declare, and what was seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from datakit_iac.policy.model import DataSetFacts
from datakit_iac.policy.project_facts import ProjectFacts, Subject, members

_KINDS: Final = ("connector", "store", "dataset", "transform")


def complete(declared: ProjectFacts, seen: Mapping[str, tuple[Subject, bool]]) -> ProjectFacts:
    """What is declared with what was seen over it; the other way round nothing would be checked as it is.

    Args:
        declared: the facts of the manifests.
        seen: the facts of the resources, by their URNs, each with whether it is that of a manifest. One that is not
            is beside a manifest of its name, and does not replace it.
    """
    parts: dict[str, dict[str, Any]] = {f"{kind}s": dict(getattr(declared, f"{kind}s")) for kind in _KINDS}
    for urn, (each, is_declared) in seen.items():
        if not isinstance(each, ProjectFacts):
            named = parts[f"{each.target.kind}s"]
            named[each.name if is_declared or each.name not in named else urn] = each
    found = ProjectFacts(declared.environment, groups=declared.groups, **parts)
    return replace(found, datasets={name: whole(found, each) for name, each in parts["datasets"].items()})


def whole(project: ProjectFacts, subject: Any) -> Any:
    """A subject as the whole project shows it: an output is what some Transform writes."""
    if isinstance(subject, DataSetFacts) and not subject.is_output and project.is_written(subject.name):
        return replace(subject, is_output=True)
    return subject


class Seen:
    """The DataSets of resources that were seen so far, by name; several may have one."""

    def __init__(self) -> None:
        self._named: dict[str, dict[str, DataSetFacts]] = {}

    def add(self, urn: str, dataset: DataSetFacts) -> None:
        """Take notice of one."""
        self._named.setdefault(dataset.name, {})[urn] = dataset

    def upstream(self, subject: DataSetFacts, declared: ProjectFacts) -> dict[str, DataSetFacts]:
        """A DataSet and all that its columns come from, as far as that is known."""
        found, pending = {subject.name: subject}, [subject]
        for each in pending:  # grows meanwhile
            named = {source.partition(".")[0] for column in each.columns for source in column.sources}
            for name in {member for source in named for member in members(source, declared.groups, declared.datasets)}:
                for key, source in self._of(name, declared):
                    if key not in found and source is not subject:
                        found[key] = source
                        pending.append(source)
        return found

    def _of(self, name: str, declared: ProjectFacts) -> Iterator[tuple[str, DataSetFacts]]:
        if name in declared.datasets:
            yield name, declared.datasets[name]
        yield from self._named.get(name, {}).items()
