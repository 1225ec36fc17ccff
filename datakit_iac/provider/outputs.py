"""The outputs of a Run before its job: ours, and marked, so that what wrote them can be told afterwards."""

from __future__ import annotations

from collections.abc import Mapping

from datakit_iac.provider.lifecycle import Call
from datakit_iac.provider.settlement import demand_ours
from datakit_iac.runtimes.job import Job
from datakit_iac.technologies.ownership import UNKNOWN_WRITER, Attempt, Mark
from datakit_iac.technologies.technology import StoreMissingError, technology

IMPORTED = "0"
"""The generation of what was there before us, and carried no mark."""


def claim(job: Job, generations: Mapping[str, str], call: Call) -> None:
    """Mark the outputs that carry no mark: imported ones, and those that a tool put in the place of ours.

    Raises:
        ResourceError: an output is another's by now; nothing was run.
        StoreError: a Store could not be asked.
    """
    for dataset in job.outputs:
        found, generation = technology(dataset.connection.technology), generations.get(dataset.name, "")
        try:
            # The job's turn covers these Stores.
            with found.open(dataset.connection) as session:
                live = session.describe(dataset.place)
                if live is None:
                    continue
                demand_ours(dataset, live, generation, call)
                if live.mark is None and found.capabilities.keeps_schema:
                    writer = () if generation == IMPORTED else (Attempt(UNKNOWN_WRITER),)
                    session.alter(dataset, (), Mark(call.stack, dataset.name, generation, writer))
        except StoreMissingError:
            continue  # the job makes it, or says so
