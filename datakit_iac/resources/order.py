"""Which Runs write what a Run reads, whatever the order in which a program declares them."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

import pulumi

from datakit_iac.resources.known import unknown
from datakit_iac.resources.program import complaint, program, refused
from datakit_iac.runtimes.definition import digest

if TYPE_CHECKING:
    from datakit_iac.resources.dataset import DataSet
    from datakit_iac.resources.run import Run


def version_for(dataset: DataSet, reader: Run | None = None) -> pulumi.Output[str]:
    """What tells a DataSet's content from any other: the versions by all Runs that write it, or its fingerprint.

    They are looked up after the program's own code has run, so that they may be declared later.

    Args:
        dataset: what is read.
        reader: the Run that reads it; what it writes itself is not what it reads.
    """

    async def decided() -> Any:
        if not await program().is_decided():
            return unknown()
        await _demand_order()
        dataset.is_told = True
        writers = sorted(dataset.written_by, key=lambda run: run.pulumi_resource_name)
        versions = [each.version_of(dataset) for each in writers if each is not reader]
        if len(versions) > 1:
            return pulumi.Output.all(*versions).apply(digest)
        return versions[0] if versions else dataset.fingerprint

    return pulumi.Output.from_input(decided())


def declare(run: Run) -> None:
    """Take note of what a Run writes.

    Raises:
        pulumi.RunError: the version of an output was already read, so that a reader would have missed this Run.
    """
    program().runs.append(run)
    for dataset in run.writes:
        if dataset.is_told:
            name = dataset.pulumi_resource_name
            raise pulumi.RunError(
                f"{run.place}: Run {run.pulumi_resource_name} writes DataSet {name}, whose version was asked for"
                " before; declare it before the program waits for an output, and not in an `apply`"
            )
        dataset.written_by.append(run)


async def _demand_order() -> None:
    """End the program where Runs wait for each other: none of them would ever begin.

    Raises:
        pulumi.RunError: they do; the message has the path from one to the next.
    """
    known = program()
    if known.sound == len(known.runs):
        return
    after = {run: {each for read in run.reads for each in read.written_by} - {run} for run in known.runs}
    try:
        TopologicalSorter(after).prepare()
    except CycleError as cycle:
        way = [each.pulumi_resource_name for each in cycle.args[1]]
        message = f"waits for itself: {' → '.join(way)}; each reads what the one before it writes"
        await refused(complaint(cycle.args[1][0].place, f"Run {way[0]}", [message]))
    known.sound = len(known.runs)
