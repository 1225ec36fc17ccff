"""The trash: what held data is renamed, and goes for good only after a while."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from typing import Final

from datakit_iac.manifest.dataset import Place
from datakit_iac.provider.inputs import consented
from datakit_iac.provider.lifecycle import Call, Properties
from datakit_iac.technologies.bound import BoundDataSet
from datakit_iac.technologies.technology import Session

TIME_TO_LIVE: Final = timedelta(days=7)
INFIX: Final = "__trash_"
_STAMP: Final = "%Y%m%dT%H%M%SZ"


def discard(session: Session, dataset: BoundDataSet, inputs: Properties, call: Call) -> None:
    """Remove a DataSet that is ours: at once where it is empty or the manifest consents, else into the trash."""
    now = datetime.now(UTC)
    live = session.describe(dataset.place)
    _empty_trash(session, dataset.place, now, call)
    if live is None:
        return
    if live.mark is None or (live.mark.stack, live.mark.dataset) != (call.stack, dataset.name):
        call.warn(f"{dataset.place} stays: it does not carry the mark of {call.stack} {dataset.name}")
    elif not live.rows or consented(inputs, "table"):
        session.drop(dataset.place)
        call.tell(f"{dataset.place} is dropped")
    else:
        name = f"{_leaf(dataset.place)}{INFIX}{now.strftime(_STAMP)}"
        session.rename(dataset.place, name)
        call.tell(f"{dataset.place} held {live.rows:,} rows: kept as {name} for {TIME_TO_LIVE.days} days")


def _empty_trash(session: Session, place: Place, now: datetime, call: Call) -> None:
    """Drop what lay in this DataSet's trash longer than its time to live."""
    for name in session.names(place, f"{_leaf(place)}{INFIX}"):
        thrown = _thrown(name)
        if thrown and thrown + TIME_TO_LIVE < now:
            session.drop(_sibling(place, name))
            call.tell(f"{name} lay in the trash for {TIME_TO_LIVE.days} days and is dropped")


def _thrown(name: str) -> datetime | None:
    """When something was put into the trash; None where the name is not one that we gave."""
    with contextlib.suppress(ValueError):
        return datetime.strptime(name.rpartition(INFIX)[2], _STAMP).replace(tzinfo=UTC)
    return None


def _leaf(place: Place) -> str:
    return str(place).rstrip("/").rpartition("." if place.table else "/")[2]


def _sibling(place: Place, name: str) -> Place:
    whole = str(place).rstrip("/")
    neighbour = whole[: len(whole) - len(_leaf(place))] + name
    return Place(table=neighbour) if place.table else Place(prefix=neighbour)
