"""Whether an existing table belongs to a DataSet, as its mark of ownership says; how to adopt one that does not."""

from __future__ import annotations

import os
from typing import Final

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.runs.operation import NotDoneError, Operation
from datakit_iac.technologies.ownership import NO_DATASET, Mark
from datakit_iac.technologies.technology import TableState, technology

ADOPT: Final = "DATAKIT_ADOPT"
"""The variable with the names of DataSets, separated by commas, whose tables may be adopted, whatever made them."""

IMPORTED: Final = "0"
"""The generation of what was there before us, and carried no mark."""


def demand_ours(dataset: BoundDataSet, live: TableState, generation: str, call: Operation, former: str = "") -> None:
    """A table may be altered only where its mark of ownership, or the lack of one, agrees with the state.

    A recorded table without a mark was imported, or was replaced by a tool. The mark of another stack or DataSet is
    expected where the table was imported.

    Args:
        dataset: what is declared.
        live: what is there.
        generation: that of our record; empty where there is none.
        call: the operation.
        former: the name that this same resource had before.

    Raises:
        NotDoneError: it belongs to another; the text says how to adopt it.
    """
    mark = live.mark
    if mark is None:
        expected = bool(generation) or dataset.name in os.environ.get(ADOPT, "").split(",")
    else:
        is_named = mark.dataset in (dataset.name, former, NO_DATASET)
        expected = mark.generation == generation or (mark.stack == call.stack and is_named)
    if not expected:
        raise NotDoneError(_foreign(dataset, mark, call))


def recorded(live: TableState, generation: str, call: Operation) -> str:
    """The generation of a live table: its mark has it even where an update ended before the state was written."""
    if live.mark and (live.mark.stack == call.stack or not generation):
        return live.mark.generation
    return generation


def _foreign(dataset: BoundDataSet, mark: Mark | None, call: Operation) -> str:
    rename = ""
    if mark is None:
        owner = "was not made by datakit"
    elif mark.stack != call.stack:
        owner = f"belongs to stack {mark.stack}"
    else:
        owner = f"holds the rows of DataSet {mark.dataset}"
        rename = f"if {mark.dataset} was renamed to {dataset.name}, say so: `previousNames: [{mark.dataset}]`; "
    location = technology(dataset.connection.technology).location(dataset.connection)
    scope, parent, _ = call.urn.rpartition("$")
    within = ""
    if parent:  # of a Platform, the name that stacks/__main__.py gives it
        is_platform = scope.endswith("datakit:index:Platform")
        within = f"--parent platform='{scope}::platform' " if is_platform else "--parent parent='URN of its parent' "
    adopting = "" if mark else f", or dk import {dataset.store} --tables '{dataset.place}' --env {call.environment}"
    return (
        f"{dataset.place} is there already and {owner}; it was not touched. {rename[:1].upper()}{rename[1:]}"
        f"{'or to' if rename else 'To'} take it over: "
        f"pulumi import datakit:index:DataSet {dataset.name} '{location}#{dataset.place}' "
        f"{within}--protect=false --generate-code=false --stack {call.environment}; or name another place{adopting}"
    )
