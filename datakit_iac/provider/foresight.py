"""What a preview knows of a change: DataSets that have settings beside their columns."""

from __future__ import annotations

from collections.abc import Sequence

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.findings.fault import Fault
from datakit_iac.provider.protocol import Call
from datakit_iac.runs.operation import NotDoneError
from datakit_iac.runs.stores.access import opened
from datakit_iac.technologies.roles import Foresees
from datakit_iac.technologies.technology import Session, StoreError, technology
from datakit_iac.technologies.technology_roles import HasSettings


def faults(dataset: BoundDataSet) -> Sequence[Fault]:
    """What its technology finds wrong with a DataSet, apart from its columns; no Store is opened."""
    found = technology(dataset.connection.technology)
    return found.faults(dataset) if isinstance(found, HasSettings) else ()


def demand_possible(session: Session, dataset: BoundDataSet) -> None:
    """Check that what exists can become as declared.

    Raises:
        NotDoneError: it cannot; each reason is named.
    """
    if isinstance(session, Foresees) and (refused := session.refusals(dataset)):
        raise NotDoneError(f"{dataset.place}: {'; '.join(refused)}")


def foresee(before: BoundDataSet, after: BoundDataSet, call: Call) -> list[str]:
    """The statements that change settings; a warning where the Store cannot be reached to check them.

    Raises:
        NotDoneError: what exists cannot become as declared.
    """
    found = technology(after.connection.technology)
    if not isinstance(found, HasSettings):
        return []
    try:
        with opened(after.connection, call) as session:
            demand_possible(session, after)
    except StoreError as fault:
        call.warn(f"whether it can be changed is not known: {fault}")
    return list(found.reconfigured(before, after))
