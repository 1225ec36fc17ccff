"""Testing the outputs of a Transform as they are, without running it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from datakit_iac.runs.operation import Operation
from datakit_iac.runs.stores.access import opened
from datakit_iac.runs.verification import breaches
from datakit_iac.scheduling.runnable import RunnableProject
from datakit_iac.technologies.technology import StoreError


@dataclass(frozen=True, slots=True)
class Tested:
    """One output that was tested.

    Attributes:
        transform: the Transform that writes it.
        dataset: its name.
        breaches: what is not as its contract and tests say; empty where all is.
    """

    transform: str
    dataset: str
    breaches: tuple[str, ...]


def tested(project: RunnableProject, name: str, call: Operation) -> Iterator[Tested]:
    """Test each output of a Transform; a Store that cannot be reached is a breach of what is in it.

    Raises:
        Cancelled: the user stopped the wait for a Store.
    """
    for dataset in project.job(name).outputs:
        try:
            with opened(dataset.connection, call) as session:
                yield Tested(name, dataset.name, tuple(breaches(session, dataset)))
        except StoreError as fault:
            yield Tested(name, dataset.name, (str(fault),))
