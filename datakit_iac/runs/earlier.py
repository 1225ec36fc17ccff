"""Whether a Run happened already: the last one was the same, and what it wrote is as it left it."""

from __future__ import annotations

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.history.history import Latest
from datakit_iac.history.record import RunRecord
from datakit_iac.runs.operation import Operation
from datakit_iac.runs.request import RunOutcome, RunRequest
from datakit_iac.runs.stores.access import opened
from datakit_iac.runs.verification import breaches, broken_contracts
from datakit_iac.technologies.roles import version_of
from datakit_iac.technologies.technology import StoreMissingError


def adopted(request: RunRequest, call: Operation, latest: Latest | None) -> RunOutcome | None:
    """What the last Run of a Transform came to, where nothing is to be done again; else None.

    Args:
        request: what is asked for.
        call: the operation.
        latest: the last Runs of the Transform.

    Raises:
        Cancelled: the user stopped the wait for a Store.
        JobFailedError: what the last Run wrote does not pass the tests as they are now.
        StoreError: a Store could not be asked.
    """
    last = latest.run if latest else None
    if request.is_forced or last is None or last.state != "succeeded":
        return None
    if (last.identity, dict(last.generations)) != (request.job.identity, dict(request.generations)):
        return None
    if not all(_is_left(each, last, call) for each in request.job.outputs):
        return None
    _demand_kept(request, call)
    return RunOutcome(last.outputs, last.counts, last, is_adopted=True)


def _demand_kept(request: RunRequest, call: Operation) -> None:
    """Test the outputs with the tests as they are now, and what these compare them with.

    Raises:
        JobFailedError: they do not pass.
    """
    found: list[str] = []
    for dataset in request.job.outputs:
        with opened(dataset.connection, call) as session:
            found += [f"{dataset.name}: {each}" for each in breaches(session, dataset)]
    if found:
        raise broken_contracts("nothing changed since its last Run, but its outputs have", found)


def _is_left(dataset: BoundDataSet, last: RunRecord, call: Operation) -> bool:
    """Whether a DataSet is as a Run left it; of one that others write too, whether that Run's rows are in it."""
    try:
        with opened(dataset.connection, call) as session:
            live = session.describe(dataset.place)
            if live is None or live.mark is None:
                return False
            wrote = live.mark.attempt(last.transform)
            if wrote is None or (wrote.run, wrote.is_verified) != (last.identity, True):
                return False
            is_shared = len(dataset.writers or ()) > 1
            return is_shared or version_of(session, dataset) == last.outputs.get(dataset.name)
    except StoreMissingError:
        return False
