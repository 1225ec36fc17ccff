"""Settling a DataSet: from what is there to what is declared, and what stands in the way."""

from __future__ import annotations

import uuid
from typing import Any

from datakit_iac.manifest.dataset import Column
from datakit_iac.provider.inputs import consented
from datakit_iac.provider.lifecycle import Call, Properties, ResourceError
from datakit_iac.technologies.bound import BoundDataSet
from datakit_iac.technologies.evolution import Change, destructive, plan, strongest
from datakit_iac.technologies.ownership import Mark
from datakit_iac.technologies.technology import Live, Session, technology


def changes_to(dataset: BoundDataSet, columns: tuple[Column, ...]) -> tuple[Change, ...]:
    """What turns `columns` into the declared ones; nothing where a DataSet declares none."""
    canonical = technology(dataset.connection.technology).canonical
    return plan(columns, dataset.columns, canonical=canonical) if dataset.columns else ()


def losses(before: BoundDataSet, after: BoundDataSet, new: Properties) -> list[str]:
    """The changes that lose data without leave, each with who reads the DataSet and the way out."""
    readers = ", ".join(new.get("downstream") or ()) or "nobody"
    manifest = new.get("manifest") or "the manifest"
    return [
        f"{after.name}: {change}: destructive, refused. Downstream: {readers}. {_way_out(change, manifest)}"
        for change in destructive(changes_to(after, before.columns))
        if not consented(new, f"column/{change.column}")
    ]


def settle(session: Session, dataset: BoundDataSet, new: Properties, call: Call, generation: str = "") -> str:
    """Bring what is there to what is declared; the generation it then has.

    A column that is added, or a table made anew, is a new generation: what fills it must run again.

    Args:
        generation: that of our record; empty where there is none: a new resource, or the retry of one.

    Raises:
        ResourceError: it is another's, or only a change that loses data would do.
    """
    found = technology(dataset.connection.technology)
    fresh = uuid.uuid4().hex[:12]
    live = session.describe(dataset.place)
    if live is None:
        session.create(dataset, Mark(call.stack, dataset.name, fresh))
        return fresh
    demand_ours(dataset, live, generation, call)
    generation = recorded(live, generation, call)
    changes = [change for change in changes_to(dataset, live.columns) if _permitted(change, dataset, new, call)]
    if any(change.kind == "add" for change in changes):
        generation = fresh
    session.alter(dataset, changes, Mark(call.stack, dataset.name, generation))
    if statements := found.ddl(dataset, changes):
        call.tell(f"{strongest(changes)}: {'; '.join(statements)}")
    return generation


def recorded(live: Live, generation: str, call: Call) -> str:
    """The generation of what is there: our mark knows it even where an update ended before its record was written."""
    if live.mark and (live.mark.stack == call.stack or not generation):
        return live.mark.generation
    return generation


def demand_ours(dataset: BoundDataSet, live: Live, generation: str, call: Call) -> None:
    """What is there may be altered only where its mark, or its lack of one, is what our record leads us to expect.

    A record without a mark is that of an import, or of a table that a tool put in the place of ours. The mark of
    another stack is expected where it was imported.

    Raises:
        ResourceError: it is another's; how to take it over is said.
    """
    mark = live.mark
    expected = bool(generation) if mark is None else mark.stack == call.stack or mark.generation == generation
    if not expected:
        raise ResourceError(_foreign(dataset, mark, call))


def drifted(dataset: BoundDataSet, live: Live) -> dict[str, Any]:
    """The inputs that are no longer as declared: schema and description as they really are.

    Whether a column may be empty is no drift: a table that a Transform swaps in loses that until its Run is verified.
    Nor is a column that nobody declared: it stays, so there is nothing to do about it.
    """
    if not technology(dataset.connection.technology).capabilities.keeps_schema:
        return {}
    declared = {column.name.lower(): column for column in dataset.columns}
    there = {column.name.lower(): column for column in live.columns}
    canonical = technology(dataset.connection.technology).canonical
    schema = []
    for name, column in declared.items():
        if found := there.get(name):
            same = canonical(column.type) == canonical(found.type)
            update: dict[str, Any] = {"description": found.description}
            schema.append(column.model_copy(update=update if same else {**update, "type": found.type}))
    if not declared:  # an import
        schema = list(live.columns)
    unchanged = schema == list(dataset.columns)  # then its spelling stays, too
    changed: dict[str, Any] = {} if unchanged else {"schema": [column.dumped() for column in schema]}
    return changed | ({"description": live.description} if live.description != dataset.description else {})


def _permitted(change: Change, dataset: BoundDataSet, new: Properties, call: Call) -> bool:
    """Whether a change against the live schema is to be done.

    Raises:
        ResourceError: without it the contract cannot hold, and it would lose data.
    """
    if change.kind == "require" or change.effect != "destructive" or consented(new, f"column/{change.column}"):
        return True
    if change.kind == "drop":
        call.warn(f"column {change.column} is in {dataset.place} but not in the contract; it stays")
        return False
    raise ResourceError(f"{dataset.place}: {change}. {_way_out(change, new.get('manifest') or 'the manifest')}")


def _way_out(change: Change, manifest: str) -> str:
    column = change.column
    keep = {
        "drop": f"keep the column, or name it in `previousNames` of the column it became ([{column}])",
        "narrow": "keep a type that holds every value",
    }.get(change.kind, "leave the column nullable")
    consent = f"consents: [{{object: column/{column}, reason: …, expires: YYYY-MM-DD}}]"
    return f"To go on, {keep}; or give leave in {manifest}: {consent}"


def _foreign(dataset: BoundDataSet, mark: Mark | None, call: Call) -> str:
    owner = f"belongs to stack {mark.stack}" if mark else "was not made by datakit"
    location = technology(dataset.connection.technology).location(dataset.connection)
    scope, parent, _ = call.urn.rpartition("$")
    within = f"--parent platform='{scope}::platform' " if parent else ""  # the name that stacks/__main__.py gives it
    return (
        f"{dataset.place} is there already and {owner}; it was not touched. To take it over: "
        f"pulumi import datakit:index:DataSet {dataset.name} '{location}#{dataset.place}' "
        f"{within}--protect=false --generate-code=false --stack {call.environment}; or name another place"
    )
