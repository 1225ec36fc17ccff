"""The trash: a deleted DataSet that holds data is renamed, and dropped only after its time to live."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from typing import Final

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.runs.operation import Operation
from datakit_iac.technologies.roles import Discards, Drops
from datakit_iac.technologies.technology import Session, technology

TIME_TO_LIVE: Final = timedelta(days=7)
INFIX: Final = "__trash_"
_STAMP: Final = "%Y%m%dT%H%M%SZ"


def discard(
    session: Session, dataset: BoundDataSet, generation: str, call: Operation, *, may_be_lost: bool = False
) -> None:
    """Remove a DataSet that is ours: at once where it is empty or may be lost, else into the trash.

    What another resource has adopted since carries another generation, and stays.
    """
    live = session.describe(dataset.place)
    if live is None:
        return
    if live.mark is None or (live.mark.stack, live.mark.dataset) != (call.stack, dataset.name):
        call.warn(f"{dataset.place} stays: it does not carry the mark of {call.stack} {dataset.name}")
    elif live.mark.generation != generation:
        call.warn(f"{dataset.place} stays: a newer resource holds it, or an update of it did not end")
    elif not isinstance(session, Drops):
        call.warn(f"{dataset.place} stays: {dataset.connection.technology} cannot put it aside or remove it")
    elif live.is_empty or may_be_lost:
        session.drop(dataset.place)
        call.tell(f"{dataset.place} is dropped")
    elif not isinstance(session, Discards):
        call.warn(
            f"{dataset.place} stays: it holds data, and {dataset.connection.technology} cannot put it aside; consent to"
            " its loss (`object: table`) before you remove it, or remove it with its own tools"
        )
    else:
        name = _name(dataset, f"{INFIX}{datetime.now(UTC).strftime(_STAMP)}")
        rows = session.count(dataset.place)
        session.rename(dataset.place, name)
        call.tell(f"{dataset.place} held {rows:,} rows: kept as {name} for {TIME_TO_LIVE.days} days")


def empty(session: Session, call: Operation) -> None:
    """Drop what this stack put into a Store's trash longer ago than its time to live."""
    now = datetime.now(UTC)
    if not isinstance(session, Discards):
        return
    for place in session.places(INFIX):
        thrown = _thrown(_leaf(place))
        if thrown is None or thrown + TIME_TO_LIVE >= now:
            continue
        live = session.describe(place)
        if live and live.mark and live.mark.stack == call.stack:
            session.drop(place)
            call.tell(f"{place} was in the trash for {TIME_TO_LIVE.days} days and is dropped")


def _thrown(name: str) -> datetime | None:
    """When something was put into the trash; None where the name is not one that we gave."""
    with contextlib.suppress(ValueError):
        return datetime.strptime(name.rpartition(INFIX)[2], _STAMP).replace(tzinfo=UTC)
    return None


def _name(dataset: BoundDataSet, suffix: str) -> str:
    """The own name of a place with a suffix, as much of it as a name may have."""
    longest = technology(dataset.connection.technology).capabilities.longest_name
    leaf = _leaf(dataset.place)
    if longest:
        leaf = leaf.encode()[: longest - len(suffix)].decode(errors="ignore")
    return leaf + suffix


def _leaf(place: Place) -> str:
    return str(place).rstrip("/").rpartition("." if place.table else "/")[2]
