"""Marks of ownership on what a Run writes: on its outputs before the job, on what it made beside them after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.contract.job import Job
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.runs.adoption import IMPORTED, demand_ours
from datakit_iac.runs.operation import Operation
from datakit_iac.runtimes.job import Relation
from datakit_iac.technologies.ownership import NO_DATASET, UNKNOWN_WRITER, Attempt, Mark
from datakit_iac.technologies.roles import AltersSchema, role
from datakit_iac.technologies.sessions import sessions
from datakit_iac.technologies.technology import StoreMissingError, technology


def claim(job: Job, generations: Mapping[str, str], call: Operation) -> None:
    """Mark the outputs that carry no mark: imported tables, and tables that a tool has replaced.

    Raises:
        NotDoneError: an output belongs to another by now; nothing was run.
        StoreError: a Store could not be asked.
    """
    with sessions() as opened:  # the job's turn covers these Stores
        for dataset in job.outputs:
            found, generation = technology(dataset.connection.technology), generations.get(dataset.name, "")
            try:
                session = opened(dataset.connection)
            except StoreMissingError:
                continue  # the job makes it, or says so
            live = session.describe(dataset.place)
            if live is None:
                continue
            demand_ours(dataset, live, generation, call)
            if live.mark is None and found.capabilities.keeps_schema:
                writer = () if generation == IMPORTED else (Attempt(UNKNOWN_WRITER),)
                mark = Mark(call.stack, dataset.name, generation, writer)
                role(session, AltersSchema, found.name).alter(dataset, (), mark)


def sign(job: Job, relations: Sequence[Relation], call: Operation) -> None:
    """Mark the tables and views that a job made beside its outputs, so that a DataSet declared later takes them.

    What has a mark is left unchanged: it belonged to a DataSet, which may be declared again.

    Raises:
        StoreError: the Store could not be asked.
    """
    beside = [Place(table=each.place) for each in relations if each.output is None]
    if not (beside and job.outputs):
        return
    home = job.outputs[0]
    with technology(home.connection.technology).open(home.connection) as session:
        for place in beside:
            live = session.describe(place)
            if live and live.mark is None:
                mark = Mark(call.stack, NO_DATASET, IMPORTED, (Attempt(job.transform, job.identity),))
                unowned = BoundDataSet(NO_DATASET, home.store, home.connection, place, description=live.description)
                role(session, AltersSchema, home.connection.technology).alter(unowned, (), mark)
