"""Settling a DataSet: from what is there to what is declared, and what stands in the way."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any

from datakit_iac.manifest.dataset import Column
from datakit_iac.provider.inputs import consent
from datakit_iac.provider.lifecycle import Call, Properties, ResourceError
from datakit_iac.technologies.bound import BoundDataSet
from datakit_iac.technologies.evolution import Change, Effect, ambiguous, destructive, plan, strongest
from datakit_iac.technologies.ownership import NO_DATASET, Mark
from datakit_iac.technologies.technology import Live, Session, Violation, technology


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
        if not consent(new, f"column/{change.column}")
    ]


def settle(
    session: Session,
    dataset: BoundDataSet,
    new: Properties,
    call: Call,
    old: BoundDataSet | None = None,
    generation: str = "",
) -> str:
    """Bring what is there to what is declared; the generation it then has.

    A column that is added, or a table made or adopted anew, is a new generation: what fills it must run again.

    Args:
        session: the open Store.
        dataset: what is declared.
        new: the same as inputs.
        call: the operation.
        old: what was declared before; None for a new resource, or the retry of one.
        generation: that of our record.

    Raises:
        ResourceError: it is another's, or only a change that loses data would do.
    """
    fresh = uuid.uuid4().hex[:12]
    live = session.describe(dataset.place)
    if live is None:
        session.create(dataset, Mark(call.stack, dataset.name, fresh))
        return fresh
    demand_ours(dataset, live, generation, call, old.name if old else "")
    generation = recorded(live, generation, call) if old else fresh
    runs = live.mark.runs if live.mark else ()
    changes = _changes(session, dataset, live, new, call, old)
    if any(change.kind == "add" for change in changes):
        generation = fresh
    lost = [(each, session.misfits(dataset.place, each)) for each in changes if each.loses_misfits]
    session.alter(dataset, changes, Mark(call.stack, dataset.name, generation, runs))
    _tell(dataset, live, changes, lost, call)
    _demand_required(session, dataset)
    return generation


def _changes(
    session: Session, dataset: BoundDataSet, live: Live, new: Properties, call: Call, old: BoundDataSet | None
) -> list[Change]:
    """The changes that are to be done.

    Raises:
        ResourceError: one is needed that would lose data, or cannot be told from another.
    """
    changes = changes_to(dataset, live.columns)
    if live.is_view:
        return [change for change in changes if change.kind == "describe"]
    known = [column.name for column in old.columns] if old else []
    if told := ambiguous(live.columns, dataset.columns, known):
        raise ResourceError(f"{dataset.place}: {'; '.join(told)}")
    gone = {name.lower() for name in known} if not live.rows else set()
    permitted = (_permitted(change, dataset, live, gone, new, call) for change in changes)
    found = [change for change in permitted if change]
    for change in found:
        count = 0 if change.loses_misfits else session.misfits(dataset.place, change)
        if count:
            raise ResourceError(
                f"{dataset.place}: {change}, and {count:,} of its values do not fit. Keep a type that holds them,"
                f" correct them, or empty them: `misfits: null` in the consent for column/{change.column}"
            )
    return found


def _tell(
    dataset: BoundDataSet, live: Live, changes: Sequence[Change], lost: Sequence[tuple[Change, int]], call: Call
) -> None:
    if live.is_view and changes_to(dataset, live.columns):
        call.tell(f"{dataset.place} is a view; its Run makes it anew")
        return
    if statements := technology(dataset.connection.technology).ddl(dataset, changes):
        call.tell(f"{strongest(changes)}: {'; '.join(statements)}")
    for change, count in lost:
        if count:
            call.warn(
                f"{count:,} values of {change.column} did not fit {change.after and change.after.type}: now empty"
            )


def _demand_required(session: Session, dataset: BoundDataSet) -> None:
    """Required columns of what no Run here fills have values; where one does, that is verified after it.

    Raises:
        ResourceError: rows lack them.
    """
    required = [column for column in dataset.columns if column.required]
    if dataset.writers or dataset.writers is None or not required:
        return
    if lacking := required_violations(session, dataset):
        raise ResourceError(
            f"{dataset.place}: {', '.join(map(str, lacking))} without a value; fill them, or leave the column nullable"
        )


def required_violations(session: Session, dataset: BoundDataSet) -> list[Violation]:
    """The required columns in which rows have no value."""
    bare = {"tests": [], "primary_key": False, "nullable": False}
    required = tuple(column.model_copy(update=bare) for column in dataset.columns if column.required)
    return session.violations(replace(dataset, columns=required, tests=())) if required else []


def recorded(live: Live, generation: str, call: Call) -> str:
    """The generation of what is there: our mark knows it even where an update ended before its record was written."""
    if live.mark and (live.mark.stack == call.stack or not generation):
        return live.mark.generation
    return generation


def demand_ours(dataset: BoundDataSet, live: Live, generation: str, call: Call, former: str = "") -> None:
    """What is there may be altered only where its mark, or its lack of one, is what our record leads us to expect.

    A record without a mark is that of an import, or of a table that a tool put in the place of ours. The mark of
    another stack or DataSet is expected where the table was imported.

    Args:
        dataset: what is declared.
        live: what is there.
        generation: that of our record; empty where there is none.
        call: the operation.
        former: the name that this same resource had before.

    Raises:
        ResourceError: it is another's; how to take it over is said.
    """
    mark = live.mark
    if mark is None:
        expected = bool(generation)
    else:
        is_named = mark.dataset in (dataset.name, former, NO_DATASET)
        expected = mark.generation == generation or (mark.stack == call.stack and is_named)
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


def _permitted(
    change: Change, dataset: BoundDataSet, live: Live, gone: AbstractSet[str], new: Properties, call: Call
) -> Change | None:
    """A change against the live schema, if it is to be done; `gone` are the columns of an empty table that we made.

    Raises:
        ResourceError: without it the contract cannot hold, and it would lose data.
    """
    if change.effect is not Effect.DESTRUCTIVE:
        return change
    if leave := consent(new, f"column/{change.column}"):
        return replace(change, loses_misfits=change.kind == "narrow" and leave.misfits == "null")
    if change.kind == "drop":
        if change.column.lower() in gone:
            return change
        call.warn(f"column {change.column} is in {dataset.place} but not in the contract; it stays")
        return None
    if not live.rows:
        return change
    raise ResourceError(f"{dataset.place}: {change}. {_way_out(change, new.get('manifest') or 'the manifest')}")


def _way_out(change: Change, manifest: str) -> str:
    column = change.column
    keep = "keep a type that holds every value"
    if change.kind == "drop":
        keep = f"keep the column, or name it in `previousNames` of the column it became ([{column}])"
    leave = f"consents: [{{object: column/{column}, reason: …, expires: YYYY-MM-DD}}]"
    return f"To go on, {keep}; or give leave in {manifest}: {leave}"


def _foreign(dataset: BoundDataSet, mark: Mark | None, call: Call) -> str:
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
    within = f"--parent platform='{scope}::platform' " if parent else ""  # the name that stacks/__main__.py gives it
    return (
        f"{dataset.place} is there already and {owner}; it was not touched. {rename[:1].upper()}{rename[1:]}"
        f"{'or to' if rename else 'To'} take it over: "
        f"pulumi import datakit:index:DataSet {dataset.name} '{location}#{dataset.place}' "
        f"{within}--protect=false --generate-code=false --stack {call.environment}; or name another place"
    )
