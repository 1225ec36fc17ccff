"""The steps in which a technology carries changes out, as data: previews and updates say what they do from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.technologies.evolution import Change, Effect
from datakit_iac.technologies.technology import technology


@dataclass(frozen=True, slots=True)
class Step:
    """One change, and how it is carried out.

    Attributes:
        change: what changes: the kind, the column, what it was and will be.
        statements: what is run; empty where there is nothing to do in the Store.
        how: whether what is there is altered, or a copy takes its place.
        lock: what keeps others waiting, and how long; empty where nothing does.
    """

    change: Change
    statements: tuple[str, ...]
    how: Literal["in place", "rewrite"] = "in place"
    lock: str = ""

    @property
    def keeps_data(self) -> bool:
        """Whether no value is lost."""
        return self.change.effect is not Effect.DESTRUCTIVE

    def __str__(self) -> str:
        """The statements, with a lock that lasts the longer the more rows there are."""
        said = "; ".join(self.statements)
        return f"{said} ({self.lock})" if said and " while " in self.lock else said


@runtime_checkable
class PlansSteps(Protocol):
    """A Technology that knows how it carries changes out; of others, only their statements are known."""

    def steps(self, dataset: BoundDataSet, changes: Iterable[Change]) -> Sequence[Step]:
        """The steps, in their order."""


def steps(dataset: BoundDataSet, changes: Iterable[Change]) -> Sequence[Step]:
    """How changes of a DataSet are carried out.

    Raises:
        StoreError: its technology is not installed, or cannot carry one out.
    """
    found = technology(dataset.connection.technology)
    if isinstance(found, PlansSteps):
        return found.steps(dataset, changes)
    return [Step(change, tuple(found.ddl(dataset, [change]))) for change in changes]


def sentences(dataset: BoundDataSet, changes: Iterable[Change]) -> list[str]:
    """The steps that do something, for people."""
    return [said for step in steps(dataset, changes) if (said := str(step))]
