"""What the catalog of an open Store shows of an existing table."""

from __future__ import annotations

from dataclasses import replace

from datakit_iac.manifest.models.dataset import Place
from datakit_iac.technologies.roles import ShowsKeys
from datakit_iac.technologies.technology import Session, TableState


def described(session: Session, place: Place) -> TableState | None:
    """The table at a place with its primary key; None where there is none.

    Raises:
        StoreError: the Store refused to be read.
    """
    state = session.describe(place)
    if state is None or state.is_view or not isinstance(session, ShowsKeys) or not (keys := session.primary_key(place)):
        return state
    columns = (
        each.model_copy(update={"primary_key": True, "nullable": True}) if each.name.lower() in keys else each
        for each in state.columns
    )
    return replace(state, columns=tuple(columns))
