"""Reconciling a DataSet: from the live table to the declared one, and what prevents it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.column import Column
from datakit_iac.provider import column_order
from datakit_iac.provider.foresight import demand_possible
from datakit_iac.provider.inputs import consent
from datakit_iac.provider.protocol import Call, Properties
from datakit_iac.runs.adoption import demand_ours, recorded
from datakit_iac.runs.differences import differences, without_value
from datakit_iac.runs.operation import NotDoneError
from datakit_iac.technologies.evolution import Change, Effect, ambiguous, destructive, strongest
from datakit_iac.technologies.ownership import Mark
from datakit_iac.technologies.roles import AltersSchema, TellsNotes, data_tests, role
from datakit_iac.technologies.steps import sentences
from datakit_iac.technologies.technology import FailedTest, Session, TableState, technology


def changes_to(dataset: BoundDataSet, columns: tuple[Column, ...], new: Properties) -> tuple[Change, ...]:
    """What turns `columns` into the declared ones; the consents of the inputs may ask for their order."""
    return differences(dataset, columns, order=column_order.is_asked(dataset, new))


def losses(before: BoundDataSet, after: BoundDataSet, new: Properties) -> list[str]:
    """The changes that lose data without a consent, each with who reads the DataSet and how to resolve it."""
    readers = ", ".join(new.get("downstream") or ()) or "none"
    manifest = new.get("manifest") or "the manifest"
    return [
        f"{after.name}: {change}: destructive, refused. Downstream: {readers}. {_resolution(change, manifest)}"
        for change in destructive(differences(after, before.columns))
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

    A column that is added, a writer that is gone, or a table that is recreated or adopted again, is a new generation:
    what fills it must run again.

    Args:
        session: the open Store.
        dataset: what is declared.
        new: the same as inputs.
        call: the operation.
        old: what was declared before; None for a new resource, or the retry of one.
        generation: that of our record.

    Raises:
        NotDoneError: it is another's, or only a change that loses data would do.
    """
    fresh = uuid.uuid4().hex[:12]
    alters, live = role(session, AltersSchema, dataset.connection.technology), session.describe(dataset.place)
    if live is None:
        demand_possible(session, dataset)
        alters.create(dataset, Mark(call.stack, dataset.name, fresh))
        tell_notes(session, call)
        return fresh
    demand_ours(dataset, live, generation, call, old.name if old else "")
    demand_possible(session, dataset)
    generation = recorded(live, generation, call) if old or _is_ours_still(live, dataset, call) else fresh
    runs = live.mark.runs if live.mark else ()
    changes = _changes(alters, dataset, live, new, call, old)
    if is_refilled(changes, old, dataset):
        generation = fresh
    _demand_required(session, dataset, live, changes)
    lost = [(each, alters.misfits(dataset.place, each)) for each in changes if each.loses_misfits]
    alters.alter(dataset, changes, Mark(call.stack, dataset.name, generation, runs))
    _tell(dataset, live, changes, lost, call)
    tell_notes(session, call)
    return generation


def _is_ours_still(live: TableState, dataset: BoundDataSet, call: Call) -> bool:
    """Whether a table that no record knows is as we left it, so that what filled it need not run again.

    That of a resource which this update replaces gets another generation, so that its end does not take the table.
    """
    mark = live.mark
    if mark is None or call.claims.is_recorded(call.urn) or (mark.stack, mark.dataset) != (call.stack, dataset.name):
        return False
    return dataset.writers is None or {each.transform for each in mark.runs} <= {*dataset.writers}


def tell_notes(session: Session, call: Call) -> None:
    """Warn of what a Store left undone."""
    for note in session.notes() if isinstance(session, TellsNotes) else ():
        call.warn(note)


def is_refilled(changes: Iterable[Change], old: BoundDataSet | None, new: BoundDataSet) -> bool:
    """Whether what fills the DataSet must run again: for a column that is added, or a writer that is gone."""
    gone = {*((old and old.writers) or ())} - {*(new.writers or ())}
    return bool(gone) or any(change.kind == "add" for change in changes)


def _changes(
    alters: AltersSchema, dataset: BoundDataSet, live: TableState, new: Properties, call: Call, old: BoundDataSet | None
) -> list[Change]:
    """The changes that are to be done.

    Raises:
        NotDoneError: one is needed that would lose data, or cannot be distinguished from another.
    """
    is_kept = technology(dataset.connection.technology).capabilities.keeps_schema
    changes = changes_to(dataset, live.columns if is_kept or old is None else old.columns, new)
    if live.is_view:
        return [change for change in changes if change.kind == "describe"]
    known = [column.name for column in old.columns] if old else []
    if unclear := ambiguous(live.columns, dataset.columns, known):
        raise NotDoneError(f"{dataset.place}: {'; '.join(unclear)}")
    gone = {name.lower() for name in known} if live.is_empty else set()
    permitted = (_permitted(change, dataset, live, gone, new, call) for change in changes)
    found = [change for change in permitted if change]
    for change in found:
        count = 0 if change.loses_misfits else alters.misfits(dataset.place, change)
        if count:
            raise NotDoneError(
                f"{dataset.place}: {change}, and {count:,} of its values do not fit. Keep a type that holds them,"
                f" correct them, or empty them: `misfits: null` in the consent for column/{change.column}"
            )
    return found


def _tell(
    dataset: BoundDataSet, live: TableState, changes: Sequence[Change], lost: Sequence[tuple[Change, int]], call: Call
) -> None:
    if live.is_view and differences(dataset, live.columns):
        call.tell(f"{dataset.place} is a view; its Run recreates it")
        return
    if said := sentences(dataset, changes):
        call.tell(f"{strongest(changes)}: {'; '.join(said)}")
    for change, count in lost:
        if count:
            call.warn(
                f"{count:,} values of {change.column} did not fit {change.after and change.after.type}: now empty"
            )


def _demand_required(session: Session, dataset: BoundDataSet, live: TableState, changes: Sequence[Change]) -> None:
    """Columns that become required have values, where no Run here fills them; where one does, it is verified for that.

    Raises:
        NotDoneError: rows lack them; nothing was altered.
    """
    if dataset.writers or dataset.writers is None:
        return
    tightened = (change.before for change in changes if change.kind == "require" and change.before)
    lacking = [str(each) for each in without_value(session, dataset, tightened)]
    added = [change.after for change in changes if change.kind == "add" and change.after and change.after.required]
    if added and not live.is_empty:
        rows = session.count(dataset.place)
        lacking += [f"not_null({column.name}): {rows} rows" for column in added]
    if lacking:
        raise NotDoneError(
            f"{dataset.place}: {', '.join(lacking)} without a value; fill them, or leave the column nullable"
        )
    keys = (change.former_key for change in changes if change.kind == "add-key")
    if repeated := [str(each) for key in keys if None not in key for each in _repeated(session, dataset, key)]:
        told = ", ".join(repeated)
        raise NotDoneError(f"{dataset.place}: primary key {told}; remove rows of the same key, or choose another")


def regranted(inputs: Properties, live: TableState) -> dict[str, Any]:
    """The Store of a DataSet as roles may really use it; nothing where that is as its connection says."""
    store = inputs["store"]
    connection = store.get("connection") or {}
    if live.grants is None or dict(live.grants) == (connection.get("grants") or {}):
        return {}
    return {"store": {**store, "connection": {**connection, "grants": dict(live.grants)}}}


def _repeated(session: Session, dataset: BoundDataSet, key: Iterable[Column | None]) -> list[FailedTest]:
    """The rows that have the same key as another."""
    columns = tuple(column.model_copy(update={"tests": [], "primary_key": True}) for column in key if column)
    found = data_tests(session, replace(dataset, columns=columns, tests=()))
    return [each for each in found if each.test == "unique"]


def drifted(dataset: BoundDataSet, live: TableState, inputs: Properties) -> dict[str, Any]:
    """The inputs that are no longer as declared: schema and description as they really are.

    Another order of columns is drift where a consent asks for the declared one. Whether a column may be empty is not
    drift: a table that a Transform swaps in loses that until its Run is verified. Nor is a column that is not declared:
    it stays, so there is nothing to do about it.
    """
    capabilities = technology(dataset.connection.technology).capabilities
    if not capabilities.keeps_schema:
        return {}
    kept = ["description", *(["pii", "masking"] if capabilities.keeps_tags else [])]
    kept += ["primary_key"] if capabilities.enforces_keys and not live.is_view else []
    declared = {column.name.lower(): column for column in dataset.columns}
    there = {column.name.lower(): column for column in live.columns}
    canonical = technology(dataset.connection.technology).canonical
    schema = []
    for name, column in declared.items():
        if found := there.get(name):
            same = canonical(column.type) == canonical(found.type)
            update: dict[str, Any] = {name: getattr(found, name) for name in kept}
            schema.append(column.model_copy(update=update if same else {**update, "type": found.type}))
    if not declared:  # an import
        schema = list(live.columns)
    if any(change.kind == "reorder" for change in changes_to(dataset, live.columns, inputs)):
        schema.sort(key=lambda column: [*there].index(column.name.lower()))
    unchanged = schema == list(dataset.columns)  # then its spelling stays, too
    changed: dict[str, Any] = {} if unchanged else {"schema": [column.dumped() for column in schema]}
    if live.description != dataset.description:
        changed["description"] = live.description
    if capabilities.keeps_tags and live.classification != dataset.classification:
        changed["classification"] = live.classification
    return changed


def _permitted(
    change: Change, dataset: BoundDataSet, live: TableState, gone: AbstractSet[str], new: Properties, call: Call
) -> Change | None:
    """A change against the live schema, if it is to be done; `gone` are the columns of an empty table that we made.

    Raises:
        NotDoneError: without it the contract cannot hold, and it would lose data.
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
    if live.is_empty:
        return change
    raise NotDoneError(f"{dataset.place}: {change}. {_resolution(change, new.get('manifest') or 'the manifest')}")


def _resolution(change: Change, manifest: str) -> str:
    column = change.column
    keep = "keep a type that holds every value"
    if change.kind == "drop":
        keep = f"keep the column, or name it in `previousNames` of the column it became ([{column}])"
    allowed = f"consents: [{{object: column/{column}, reason: …, expires: YYYY-MM-DD}}]"
    return f"Either {keep}, or add a consent to {manifest}: {allowed}"
