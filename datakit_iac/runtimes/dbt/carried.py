"""Rows that no adapter of dbt reaches: copied into a DuckDB file before a build, and out of it after the build."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.contract.job import Job
from datakit_iac.executors.protocol import Cancelled
from datakit_iac.runtimes.dbt.profile import CARRIED, CARRIED_FILE, Carrier, carriers
from datakit_iac.runtimes.job import JobFailedError, RunContext
from datakit_iac.technologies.technology import StoreError, technology


@contextmanager
def rows(job: Job, folder: Path, context: RunContext, *, keeping: bool) -> Iterator[Mapping[str, str]]:
    """The variables that a build needs to find carried rows; after it, what it built is that of the outputs.

    A build that fails leaves the outputs as they were.

    Args:
        job: its inputs and outputs are looked at.
        folder: where the file is.
        context: of the job.
        keeping: whether models may build on what is there, so that it must be brought too.

    Raises:
        JobFailedError: rows cannot be read or written, or are not as a contract says.
        Cancelled: the user stopped it.
    """
    inputs, outputs = _by_technology(job.inputs), _by_technology(job.outputs)
    if not (inputs or outputs):
        yield {}
        return
    file = folder / f"{CARRIED}.duckdb"
    _remove(file)
    try:
        for name in {*inputs, *outputs}:
            kept = [each for each in outputs.get(name, ()) if keeping and _has_rows(each)]
            wanted = [*inputs.get(name, ()), *kept]
            context.progress(f"fetching {', '.join(each.name for each in wanted)}")
            _told(carriers()[name].fetch(wanted, file), context)
        yield {CARRIED_FILE: str(file.absolute())}
        for name, several in outputs.items():
            if context.cancel.is_set():
                raise Cancelled("dbt was stopped")
            context.progress(f"writing {', '.join(each.name for each in several)}")
            _told(carriers()[name].publish(several, file, job.transform, job.identity), context)
    except StoreError as fault:
        cause, *rest = str(fault).splitlines()
        raise JobFailedError(cause, tuple(rest)) from fault
    finally:
        _remove(file)


def _has_rows(dataset: BoundDataSet) -> bool:
    """A DataSet without a table is skipped: an incremental model begins where there is no table."""
    with technology(dataset.connection.technology).open(dataset.connection) as session:
        live = session.describe(dataset.place)
    return live is not None and not live.is_empty


def _by_technology(datasets: Sequence[BoundDataSet]) -> dict[str, list[BoundDataSet]]:
    found: dict[str, list[BoundDataSet]] = {}
    known: Mapping[str, Carrier] = carriers()
    for each in datasets:
        if each.connection.technology in known:
            found.setdefault(each.connection.technology, []).append(each)
    return found


def _told(notes: Sequence[str], context: RunContext) -> None:
    for note in notes:
        context.progress(note)


def _remove(file: Path) -> None:
    for each in (file, file.with_name(f"{file.name}.wal")):
        each.unlink(missing_ok=True)
