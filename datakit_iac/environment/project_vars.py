"""The values of dbt's `var()` for a job: what its environment says, and the bindings of what it reads and writes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from datakit_iac.environment.model import ResolvedDataSet, ResolvedStore
from datakit_iac.manifest.models.environment import Environment


class Disagreement(NamedTuple):
    """Two bindings that give one variable different values for one job.

    Attributes:
        variable: its name.
        bound: the name of what the second binding is of.
        message: what they say, as one sentence.
    """

    variable: str
    bound: str
    message: str


def values(
    environment: Environment, datasets: Sequence[ResolvedDataSet], stores: Mapping[str, ResolvedStore]
) -> tuple[dict[str, Any], list[Disagreement]]:
    """The values by name, as JSON has them (a date is its text, as in dbt), and where bindings disagree.

    A DataSet's binding comes before those of Stores, and they before the environment.

    Args:
        environment: the environment.
        datasets: what the job reads and writes.
        stores: all of them, by name.
    """
    of_stores = {f"Store {name}": stores[name].vars for name in dict.fromkeys(each.bound.store for each in datasets)}
    of_datasets = {f"DataSet {each.bound.name}": each.vars for each in datasets}
    found, by_name = dict(environment.spec.vars), dict[str, list[tuple[str, Any]]]()
    for level in (of_stores, of_datasets):
        said = dict(_by_name(level))
        by_name |= said
        found |= {name: several[0][1] for name, several in said.items()}
    plain = json.loads(json.dumps(found, default=str))
    return plain, [fault for name, several in by_name.items() if (fault := _disagreement(name, several))]


def _by_name(level: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, list[tuple[str, Any]]]]:
    for name in dict.fromkeys(name for each in level.values() for name in each):
        yield name, [(who, each[name]) for who, each in level.items() if name in each]


def _disagreement(name: str, several: list[tuple[str, Any]]) -> Disagreement | None:
    shown = {who: json.dumps(each, sort_keys=True, default=str) for who, each in several}
    first, *others = shown
    second = next((who for who in others if shown[who] != shown[first]), None)
    if second is None:
        return None
    message = f"var('{name}') is {shown[first]} by the binding of {first}, and {shown[second]} by that of {second}"
    return Disagreement(name, second.split()[-1], message)
