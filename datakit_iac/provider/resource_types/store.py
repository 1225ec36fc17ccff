"""Store: reached, and made where its binding says so; never removed with its data."""

from __future__ import annotations

from datakit_iac.executors.protocol import Cancelled
from datakit_iac.findings.fault import Fault
from datakit_iac.manifest.connections import in_holder
from datakit_iac.provider import inputs as decode
from datakit_iac.provider.property_values import UNKNOWN, has_unknowns
from datakit_iac.provider.protocol import Call, Difference, PartialError, Properties
from datakit_iac.provider.reconcile import tell_notes
from datakit_iac.runs.stores.access import opened
from datakit_iac.technologies.roles import Configures
from datakit_iac.technologies.technology import StoreError, StoreMissingError, technology


class StoreType:
    """The lifecycle of a Store."""

    def check(self, old: Properties, new: Properties, call: Call) -> list[Fault]:
        """The technology must be installed and understand the options."""
        unsound = decode.unsound("Store", new)
        if unsound or has_unknowns(new.get("technology")):
            return unsound
        try:
            found = technology(new["technology"])
        except StoreError as fault:
            return [Fault("unknown-technology", ("technology",), str(fault))]
        if has_unknowns(new):
            return []
        faults = found.check(decode.connection(new), create=_is_made(new))
        return list(map(in_holder, faults))

    def diff(self, old: Properties, new: Properties, state: Properties) -> Difference:
        """Another technology or location is another Store; all else changes in place."""
        changed = [key for key in ("technology", "connection", "secrets", "create") if old.get(key) != new.get(key)]
        moved = not has_unknowns(new) and _location(old) != _location(new)
        return Difference(
            dict.fromkeys(changed, "update"),
            [key for key in ("technology", "connection") if moved and key in changed],
        )

    def create(self, new: Properties, call: Call) -> tuple[str, Properties]:
        """Reach the Store, making it first where it says `create`."""
        if _is_to_come(new):
            decode.foretell(new, call)
            return "", {"location": UNKNOWN}
        outputs = {"location": _location(new)}
        if not call.preview:
            _reach(new, call)
        return outputs["location"], outputs

    def read(
        self, resource_id: str, inputs: Properties, state: Properties, call: Call
    ) -> tuple[Properties, Properties] | None:
        """Gone where it is not there; an error where it cannot be reached."""
        reached = technology(resource_id.partition(":")[0]).at(resource_id) if not inputs else None
        if reached:
            inputs = {"name": call.name, "technology": reached.technology, "connection": dict(reached.options)}
        try:
            with opened(decode.connection(inputs), call) as session:
                session.version()
                if isinstance(session, Configures) and _is_made(inputs) and not reached:
                    inputs = {**inputs, "connection": {**inputs["connection"], **session.configured()}}
        except StoreMissingError:
            return None
        return inputs, {"location": resource_id}

    def update(self, old: Properties, new: Properties, state: Properties, call: Call) -> Properties:
        """Reach it with the new options, and secrets; where it cannot be reached, the next update tries again.

        The provider has its secrets, and the engine has recorded those already: a Store that was not reached with them
        would not differ any more.
        """
        if _is_to_come(new):
            decode.foretell(new, call)
            return {"location": UNKNOWN}
        outputs = {"location": _location(new)}
        if not call.preview:
            try:
                _reach(new, call)
            except (Cancelled, StoreError) as failure:
                reason = call.cancel.reason if isinstance(failure, Cancelled) else str(failure)
                raise PartialError(outputs["location"], outputs, reason) from failure
        return outputs

    def delete(self, inputs: Properties, state: Properties, call: Call) -> None:
        """The Store and its data stay."""
        call.tell(f"{_location(inputs)} stays, with all its data")


def _is_to_come(new: Properties) -> bool:
    """Whether a preview cannot tell where the Store is."""
    return has_unknowns([new["technology"], new.get("connection")])


def _location(properties: Properties) -> str:
    return technology(properties["technology"]).location(decode.connection(properties))


def _reach(properties: Properties, call: Call) -> None:
    connection = decode.connection(properties)
    with opened(connection, call, create=_is_made(properties)) as session:
        session.version()
        if isinstance(session, Configures) and _is_made(properties):
            session.configure()
        tell_notes(session, call)


def _is_made(properties: Properties) -> bool:
    """Whether the Store is made where it is absent; the technology decides where nothing is said."""
    embedded = technology(properties["technology"]).capabilities.embedded
    return bool(properties.get("create", embedded))
