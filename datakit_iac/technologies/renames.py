"""Which column each declared one was: columns are matched by name, and renamed only by their previous names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import pairwise

from datakit_iac.manifest.models.column import Column


def matched(before: Sequence[Column], after: Sequence[Column]) -> dict[str, str]:
    """The column that each declared one was, by name in lower case, renamed ones first.

    Args:
        before: the columns there are.
        after: the columns there should be.
    """
    there = {column.name.lower() for column in before}
    declared = {column.name.lower(): column for column in after}
    found: dict[str, str] = {}
    for name in declared:
        if name not in there and (chain := _chain(name, declared, there - {*found.values()})):
            found |= dict(pairwise(chain))
    taken = {*found.values()}
    return found | {name: name for name in declared if name in there - taken and name not in found}


def _chain(name: str, declared: Mapping[str, Column], free: AbstractSet[str]) -> list[str]:
    """A column, what it was, what that one was, and so on to a name declared no more; empty where there is none."""
    chain = [name]
    while chain[-1] in declared:
        former = (each.lower() for each in declared[chain[-1]].previous_names)
        following = next((each for each in former if each in free and each not in chain), None)
        if following is None:
            return []
        chain.append(following)
    return chain
