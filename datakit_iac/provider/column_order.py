"""The order of a table's columns: kept as it is, unless a consent lets the table be rewritten."""

from __future__ import annotations

from typing import Final

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.column import Column
from datakit_iac.provider.inputs import consent
from datakit_iac.provider.protocol import Call, Properties
from datakit_iac.runs.operation import NotDoneError
from datakit_iac.runs.stores.access import opened
from datakit_iac.technologies.evolution import plan
from datakit_iac.technologies.roles import Rewrites, recent
from datakit_iac.technologies.technology import Session, StoreError, technology

_OBJECT: Final = "order"
"""The object of a consent."""


def is_asked(dataset: BoundDataSet, new: Properties) -> bool:
    """Whether columns are to stand in the order in which they are declared."""
    return technology(dataset.connection.technology).capabilities.keeps_order and consent(new, _OBJECT) is not None


def is_asked_first(dataset: BoundDataSet, old: Properties, new: Properties) -> bool:
    """Whether they were not before, so that the order of the record may not be that of the table."""
    return is_asked(dataset, new) and not is_asked(dataset, old)


def left(before: BoundDataSet, after: BoundDataSet, new: Properties) -> str:
    """That columns were put in another order, and stay where they are; empty where that is not so."""
    found = technology(after.connection.technology)
    if not found.capabilities.keeps_order or is_asked(after, new):
        return ""
    kinds = {each.kind for each in plan(before.columns, after.columns, canonical=found.canonical, order=True)}
    if "reorder" not in kinds or "add" in kinds:
        return ""
    manifest = new.get("manifest") or "the manifest"
    return (
        f"the columns of {after.place} stay in the order in which they are; to have it rewritten in that of the"
        f" manifest, add a consent to {manifest}: consents: [{{object: {_OBJECT}, reason: …, expires: YYYY-MM-DD}}]"
    )


def standing(before: BoundDataSet, after: BoundDataSet, new: Properties, call: Call) -> tuple[Column, ...]:
    """The columns of the record, in the order in which the table has them where that is asked for and can be seen.

    Raises:
        NotDoneError: they are to be moved, and others have made of the table what would be lost.
    """
    columns = before.columns
    if not is_asked(after, new):
        return columns
    try:
        with opened(after.connection, call) as session:
            live = recent(session, after.place)
            names = [column.name.lower() for column in live.columns] if live else []
            if {column.name.lower() for column in columns} <= {*names}:
                columns = tuple(sorted(columns, key=lambda column: names.index(column.name.lower())))
            canonical = technology(after.connection.technology).canonical
            kinds = {each.kind for each in plan(columns, after.columns, canonical=canonical, order=True)}
            prevented = _prevented(session, after) if live and not live.is_view and "reorder" in kinds else ""
    except StoreError as fault:
        call.warn(f"whether the columns can be put in order is not known: {fault}")
        return columns
    if prevented:
        raise NotDoneError(prevented)
    return columns


def _prevented(session: Session, dataset: BoundDataSet) -> str:
    try:
        if isinstance(session, Rewrites):
            session.demand_rewritable(dataset.place)
    except StoreError as refused:
        return str(refused)
    return ""
