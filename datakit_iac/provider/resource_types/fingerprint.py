"""The function `fingerprint`: the version of data that no Run of this project makes."""

from __future__ import annotations

from typing import Any

from datakit_iac.provider import inputs
from datakit_iac.provider.property_values import UNKNOWN, has_unknowns
from datakit_iac.provider.protocol import Call, Properties
from datakit_iac.runs.operation import NotDoneError
from datakit_iac.runs.stores.access import opened
from datakit_iac.runs.verification import demand_kept
from datakit_iac.technologies.roles import version_of
from datakit_iac.technologies.technology import StoreError, StoreMissingError, technology


def fingerprint(arguments: Properties, call: Call) -> dict[str, Any]:
    """A digest of a DataSet's content; unknown where a preview cannot reach it, or the update itself makes it.

    Raises:
        NotDoneError: it does not exist, and no Transform will make it; it is not as declared; or the Store cannot be
            asked.
    """
    if has_unknowns(arguments):
        return {"version": UNKNOWN}
    dataset, is_to_come = inputs.dataset(arguments), call.preview and not arguments.get("external")
    try:
        with opened(dataset.connection, call) as session:
            if arguments.get("external") and (live := session.describe(dataset.place)):
                demand_kept(session, dataset, live)
            found = version_of(session, dataset)
    except StoreMissingError as missing:
        if is_to_come:
            return {"version": UNKNOWN}
        raise NotDoneError(f"source {dataset.name}: {missing}") from missing
    except StoreError as fault:
        if not call.preview:
            raise NotDoneError(f"source {dataset.name}: {fault}") from fault
        return {"version": UNKNOWN}
    if not found and is_to_come:
        return {"version": UNKNOWN}
    if not found:
        location = technology(dataset.connection.technology).location(dataset.connection)
        raise NotDoneError(f"source {dataset.name}: there is no {dataset.place} in {location}; put it there")
    return {"version": found}
