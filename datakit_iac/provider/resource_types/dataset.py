"""DataSet: the table, prefix or topic of a contract, made, altered, watched for drift, never lost."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Final

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.contract.properties import property_names
from datakit_iac.contract.shapes import Contract
from datakit_iac.findings.fault import Fault
from datakit_iac.manifest.values.place_kinds import PLACES
from datakit_iac.provider import column_order, foresight
from datakit_iac.provider import inputs as decode
from datakit_iac.provider.property_values import UNKNOWN, has_unknowns
from datakit_iac.provider.protocol import Call, Difference, Properties
from datakit_iac.provider.reconcile import changes_to, drifted, is_refilled, losses, regranted, settle
from datakit_iac.runs.adoption import IMPORTED, demand_ours, recorded
from datakit_iac.runs.differences import differences
from datakit_iac.runs.operation import NotDoneError
from datakit_iac.runs.stores.access import opened
from datakit_iac.runs.trash import discard, empty
from datakit_iac.runs.verification import demand_kept
from datakit_iac.technologies.evolution import ambiguous, strongest
from datakit_iac.technologies.roles import KeepsTerms, recent
from datakit_iac.technologies.steps import sentences
from datakit_iac.technologies.technology import StoreError, StoreMissingError, place_id, reader_faults, technology

MADE_OF: Final = tuple(key for key in property_names(Contract).values() if key not in ("consents", "tests", "writers"))
"""The inputs whose change is a change of the DataSet; the others only steer what we do."""

EXTERNAL: Final = "external"
"""The generation of a DataSet that is not ours to make."""


class DataSetType:
    """The lifecycle of a DataSet."""

    def check(self, old: Properties, new: Properties, call: Call) -> list[Fault]:
        """A readable contract, and no change that loses data without consent.

        The Store is asked only where there is such a change: an empty table, or a view, has nothing to lose.
        """
        if old:
            call.claims.record(call.urn)
        faults = decode.unsound("DataSet", new)
        if faults or has_unknowns(new):
            return faults
        after = decode.dataset(new)
        kind = after.connection.technology
        capabilities = technology(kind).capabilities
        named = next((field for field in PLACES if getattr(after.place, field)), "place")
        if named not in capabilities.places:
            expected = " or ".join(sorted(capabilities.places))
            message = f"a DataSet in {kind} has a {expected}; {after.name} names a {named}"
            return [Fault("invalid-value", (named,), message)]
        if capabilities.keeps_schema and not after.columns and not new.get("external"):
            message = f"{after.name} declares no columns; expected those that its {named} is made of"
            return [Fault("missing-field", ("schema",), message)]
        if long := _too_long(after, capabilities.longest_name):
            return [Fault("invalid-value", (named if name == after.place else "schema",), each) for name, each in long]
        if wrong := reader_faults(after):
            return [each.below("reader")._replace(message=f"{after.name}: {each.message}") for each in wrong]
        if unfit := foresight.faults(after):
            return [each._replace(message=f"{after.name}: {each.message}") for each in unfit]
        if (holder := call.claims.claim(call.urn, after.name, place_id(after))) != call.urn:
            return [Fault("same-place", (named,), _shared(after, holder, call.urn))]
        if not old or new.get("external") or place_id(decode.dataset(old)) != place_id(after):
            return []
        before = decode.dataset(old)
        unclear = [f"{after.name}: {each}" for each in ambiguous(before.columns, after.columns)]
        lost = [loss for loss in losses(before, after, new) if _holds_rows(before, call)]
        if told := column_order.left(before, after, new):
            call.tell(told)
        return [Fault("invalid-value", ("schema",), each) for each in (*unclear, *lost)]

    def diff(self, old: Properties, new: Properties, state: Properties) -> Difference:
        """Another place is another DataSet; types are compared by meaning, not by spelling.

        A writer that goes leaves rows behind, or had taken the place of others' rows: the rest must run again, even
        where an update that failed was taken back and nothing else differs.
        """
        changed = [key for key in MADE_OF if _seen(old.get(key)) != _seen(new.get(key))]
        if not has_unknowns(new.get("writers")) and {*(old.get("writers") or ())} - {*(new.get("writers") or ())}:
            changed.append("writers")
        is_steered = old.get("consents") != new.get("consents")
        if not (changed or is_steered) or has_unknowns(new):
            return Difference(dict.fromkeys(changed, "update"))
        before, after = decode.dataset(old), decode.dataset(new)
        moved = place_id(before) != place_id(after)
        if "schema" in changed and not changes_to(after, before.columns, new):
            changed.remove("schema")
        if column_order.is_asked_first(after, old, new):
            changed.append("consents")
        if "store" in changed and not moved and before.connection == after.connection:
            changed.remove("store")
        places = [key for key in ("store", *PLACES) if moved and key in changed]
        return Difference(dict.fromkeys(changed, "update"), places)

    def create(self, new: Properties, call: Call) -> tuple[str, Properties]:
        """Make it, adopt it where it is ours, refuse it where it is another's; a source must be there."""
        if _is_to_come(new):
            decode.foretell(new, call)
            return "", _outputs(UNKNOWN)
        dataset = decode.dataset(new)
        if new.get("external"):
            _demand(dataset, call)
            return place_id(dataset), _outputs(EXTERNAL)
        if call.preview:
            _foresee(dataset, new, call)
            return place_id(dataset), _outputs(UNKNOWN)
        with opened(dataset.connection, call) as session:
            empty(session, call)
            return place_id(dataset), _outputs(settle(session, dataset, new, call))

    def read(
        self, resource_id: str, inputs: Properties, state: Properties, call: Call
    ) -> tuple[Properties, Properties] | None:
        """The live schema in place of the declared one, wherever they differ in meaning."""
        inputs = inputs or {"name": call.name, **_address(resource_id)}
        dataset = decode.dataset(inputs)
        try:
            with opened(dataset.connection, call) as session:
                live = recent(session, dataset.place)
                is_ours = live is not None and not inputs.get("external")
                terms = session.terms(dataset) if isinstance(session, KeepsTerms) and is_ours else {}
        except StoreMissingError:
            return None
        if live is None:
            return None
        if inputs.get("external"):
            return inputs, state
        if undeclared := [each.column for each in differences(dataset, live.columns) if each.kind == "drop"]:
            call.warn(f"{dataset.place} has columns that are not in the contract: {', '.join(undeclared)}; they stay")
        inputs = {**inputs, **drifted(dataset, live, inputs), **regranted(inputs, live), **terms}
        return inputs, _outputs(recorded(live, state.get("generation", ""), call) or IMPORTED)

    def update(self, old: Properties, new: Properties, state: Properties, call: Call) -> Properties:
        """Alter it in place; the plan is computed again against what is really there."""
        if _is_to_come(new):
            decode.foretell(new, call)
            return _outputs(UNKNOWN)
        dataset = decode.dataset(new)
        if new.get("external"):
            _demand(dataset, call)
            return _outputs(EXTERNAL)
        if call.preview:
            before = decode.dataset(old)
            changes = changes_to(dataset, column_order.standing(before, dataset, new, call), new)
            if statements := [*sentences(dataset, changes), *foresight.foresee(before, dataset, call)]:
                call.tell(f"{strongest(changes)}: {'; '.join(statements)}")
            is_filled_again = is_refilled(changes, before, dataset)
            return _outputs(UNKNOWN if is_filled_again else state.get("generation"))
        with opened(dataset.connection, call) as session:
            return _outputs(settle(session, dataset, new, call, decode.dataset(old), state.get("generation", "")))

    def delete(self, inputs: Properties, state: Properties, call: Call) -> None:
        """Leave it where the environment retains; else drop it when empty or by consent, or put it in the trash."""
        if inputs.get("external"):
            return
        dataset = decode.dataset(inputs)
        if inputs.get("deletion") != "delete":
            call.tell(f"{place_id(dataset)} stays: this environment retains data")
            return
        try:
            with opened(dataset.connection, call) as session:
                empty(session, call)
                may_be_lost = decode.consent(inputs, "table") is not None
                discard(session, dataset, state.get("generation", ""), call, may_be_lost=may_be_lost)
        except StoreMissingError:
            call.tell(f"{place_id(dataset)} is gone already")


def _too_long(dataset: BoundDataSet, longest: int | None) -> list[tuple[object, str]]:
    """The names that its Store would cut, each with what is wrong."""
    names: list[tuple[object, str]] = [(dataset.place, part) for part in str(dataset.place).split(".")]
    names += [(column, column.name) for column in dataset.columns]
    return [
        (of, f"{name} has {len(name.encode())} bytes; in {dataset.connection.technology} a name has {longest} at most")
        for of, name in names
        if longest and len(name.encode()) > longest
    ]


def _seen(value: object) -> object:
    """A property without the Store's secrets: when one is rotated, no DataSet changes, and the engine records it."""
    return {key: each for key, each in value.items() if key != "secrets"} if isinstance(value, Mapping) else value


def _is_to_come(new: Properties) -> bool:
    """Whether a preview cannot tell what would be done; what only steers deletion and consent is not needed for it."""
    return has_unknowns([new.get(key) for key in (*MADE_OF, "tests", "writers")])


def _holds_rows(dataset: BoundDataSet, call: Call) -> bool:
    """Whether a change may lose something; so it may where the Store cannot be asked."""
    try:
        with opened(dataset.connection, call) as session:
            live = session.describe(dataset.place)
    except StoreMissingError:
        return False
    except StoreError:
        return True
    return live is not None and not live.is_empty and not live.is_view


def _shared(dataset: BoundDataSet, *claimants: str) -> str:
    """That two resources claim a place: the same text whichever came first, with no more of a URN than is needed."""
    names = [urn.rpartition("::")[2] for urn in claimants]
    first, second = sorted(names if len({*names}) > 1 else claimants)
    return f"{first} and {second} are in the same place, {place_id(dataset)}; give one of them another, or remove it"


def _address(resource_id: str) -> Properties:
    """The inputs that an ID alone tells, for an import.

    Raises:
        NotDoneError: it is not an ID of a DataSet.
    """
    location, separator, address = resource_id.rpartition("#")
    kind = location.partition(":")[0]
    if not (separator and address):
        raise NotDoneError(f"{resource_id!r} is not a DataSet's ID; expected TECHNOLOGY:LOCATION#TABLE")
    found = technology(kind)
    reached = found.at(location)
    place, *_ = found.capabilities.places
    store = {"technology": reached.technology, "connection": dict(reached.options)}
    return {"store": store, place: address}


def _outputs(generation: object) -> Properties:
    """What the inputs do not say already; the SDK shows inputs as outputs, and the state stays small."""
    return {"generation": generation}


def _foresee(dataset: BoundDataSet, new: Properties, call: Call) -> None:
    """Tell what making it would do; what is there already is seen where the Store can be asked.

    Raises:
        NotDoneError: it is another's; only a message where what could be imported is being listed.
    """
    changes = None
    with contextlib.suppress(StoreError), opened(dataset.connection, call) as session:
        if live := recent(session, dataset.place):
            try:
                demand_ours(dataset, live, "", call)
            except NotDoneError as another:
                if not call.is_listed:
                    raise
                call.warn(str(another))
                return
            changes = changes_to(dataset, live.columns, new)
        foresight.demand_possible(session, dataset)
    found = technology(dataset.connection.technology)
    statements = found.ddl(dataset, None) if changes is None else sentences(dataset, changes)
    adopting = "" if changes is None else f"{dataset.place} is there and is taken over; "
    call.tell(f"{adopting}{strongest(changes or ())}: {'; '.join(statements) or 'nothing is altered'}")


def _demand(dataset: BoundDataSet, call: Call) -> None:
    """A source that nobody here makes must be there and keep its contract; a preview that cannot ask says so.

    Raises:
        NotDoneError: it is not there, or is not as declared.
    """
    try:
        with opened(dataset.connection, call) as session:
            if live := session.describe(dataset.place):
                demand_kept(session, dataset, live)
    except StoreMissingError as missing:
        raise NotDoneError(f"source {dataset.name}: {missing}") from missing
    except StoreError as fault:
        if not call.preview:
            raise
        call.warn(f"the source could not be asked: {fault}")
        return
    if live is None:
        raise NotDoneError(f"source {dataset.name}: there is no {place_id(dataset)}; put it there, or fix its DataSet")
