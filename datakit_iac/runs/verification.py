"""Verifying the outputs of a Run against their contracts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.contract.job import Job
from datakit_iac.runs.adoption import IMPORTED
from datakit_iac.runs.differences import differences, without_value
from datakit_iac.runs.operation import NotDoneError, Operation
from datakit_iac.runs.trash import empty
from datakit_iac.runtimes.job import JobFailedError
from datakit_iac.technologies.evolution import Change
from datakit_iac.technologies.ownership import Attempt, Mark
from datakit_iac.technologies.roles import AltersSchema, data_tests, role, version_of
from datakit_iac.technologies.sessions import sessions
from datakit_iac.technologies.technology import Session, TableState, technology


def verify(job: Job, generations: Mapping[str, str], call: Operation) -> dict[str, str]:
    """Verify each output against its contract and its tests; the version of each, by DataSet name.

    The mark is put back where a tool swapped the table, and says that this Run wrote it.

    Raises:
        JobFailedError: outputs break their contracts; each breach of each output is named.
        StoreError: a Store could not be asked.
    """
    found: list[str] = []
    versions = {}
    with sessions() as opened:  # the job's turn covers these Stores
        for dataset in job.outputs:
            session = opened(dataset.connection)
            mark = Mark(call.stack, dataset.name, generations.get(dataset.name, IMPORTED))
            live = session.describe(dataset.place)
            broken = [f"{dataset.name}: {each}" for each in _breaches(session, dataset, live)]
            found += broken
            if live and not broken:
                _sign(session, dataset, live, mark, job)
                versions[dataset.name] = version_of(session, dataset)
            empty(session, call)
    if found:
        raise broken_contracts("the job ran, but its outputs have", found)
    return versions


def broken_contracts(saying: str, breaches: Sequence[str]) -> JobFailedError:
    """That outputs break their contracts."""
    count = f"{len(breaches)} breach{'es' if len(breaches) > 1 else ''} of contract"
    return JobFailedError(f"{saying} {count}", tuple(breaches))


def demand_kept(session: Session, dataset: BoundDataSet, live: TableState) -> None:
    """Check that a source which no Transform makes keeps its contract.

    Raises:
        NotDoneError: it does not; each breach is named.
    """
    if breaches := _kept_by_others(session, dataset, live):
        raise NotDoneError(f"source {dataset.name}: {dataset.place} is not as declared: {'; '.join(breaches)}")


def _kept_by_others(session: Session, dataset: BoundDataSet, live: TableState) -> list[str]:
    if not dataset.columns or not technology(dataset.connection.technology).capabilities.keeps_schema:
        return []
    if not live.columns:  # of a topic that others made nothing is known
        return []
    changes = differences(dataset, live.columns)
    # A type that holds every value that is there is kept, though it is wider.
    if unlike := [_breach(change) for change in changes if change.kind in _BREACHES and change.kind != "widen"]:
        return unlike
    required = (column for column in dataset.columns if column.required)
    return [f"{each} without a value" for each in without_value(session, dataset, required)]


def breaches(session: Session, dataset: BoundDataSet) -> list[str]:
    """What of a DataSet is not as its contract and its tests say; nothing is changed."""
    return _breaches(session, dataset, session.describe(dataset.place))


def _breaches(session: Session, dataset: BoundDataSet, live: TableState | None) -> list[str]:
    if live is None:
        return [f"{dataset.place} was not made"]
    if technology(dataset.connection.technology).capabilities.keeps_schema:
        changes = differences(dataset, live.columns)
        if unlike := [_breach(change) for change in changes if change.kind in _BREACHES]:
            return unlike
    return [str(violation) for violation in data_tests(session, dataset)]


def _sign(session: Session, dataset: BoundDataSet, live: TableState, mark: Mark, job: Job) -> None:
    """Put back what a tool that swaps a table leaves out, and say that this Run wrote it."""
    if not technology(dataset.connection.technology).capabilities.keeps_schema:
        return
    before = live.mark or mark
    written = before.attempt(job.transform)
    if written is None or written.run != job.identity:  # by a tool that leaves no word of it
        written = Attempt(job.transform, job.identity)
    ours = replace(mark, runs=before.runs).written_by(replace(written, is_verified=True))
    changes = [change for change in differences(dataset, live.columns) if change.kind in _RESTORED]
    role(session, AltersSchema, dataset.connection.technology).alter(dataset, changes, ours)


_BREACHES = ("add", "widen", "narrow", "rename")
_RESTORED = ("require", "drop-key", "add-key", "describe")
"""What a tool that swaps a table leaves out."""


def _breach(change: Change) -> str:
    before, after = change.before, change.after
    if change.kind == "add":
        return f"column {change.column} is missing"
    if change.kind == "rename":
        return f"column {change.column} still has the name {before.name if before else ''}"
    return f"column {change.column} is {before and before.type}; the contract says {after and after.type}"
