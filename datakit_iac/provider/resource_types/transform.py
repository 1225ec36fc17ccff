"""Transform: what would run and when, as deployed; running it is the Run's work."""

from __future__ import annotations

from datakit_iac.findings.fault import Fault
from datakit_iac.provider import inputs
from datakit_iac.provider.property_values import has_unknowns
from datakit_iac.provider.protocol import Call, Properties
from datakit_iac.provider.resource_types.recorded import RecordType
from datakit_iac.runs.operation import NotDoneError
from datakit_iac.runs.prewarm import expect
from datakit_iac.runtimes.registry import runtimes


class TransformType(RecordType):
    """The lifecycle of a Transform."""

    def check(self, old: Properties, new: Properties, call: Call) -> list[Fault]:
        """The runtime must be installed; a new schedule that nothing will start is reported."""
        faults = inputs.unsound("Transform", new)
        if faults or has_unknowns([new["runtime"], new.get("schedule")]):
            return faults
        schedule = new.get("schedule")
        if schedule and schedule != old.get("schedule"):
            starts = f"`dk scheduler --env {call.environment}` starts it, or a CronJob on Kubernetes"
            call.tell(f"scheduled: {schedule.get('cron')}; {starts}")
        known = runtimes()
        if new["runtime"] in known:
            expect(new["runtime"])
            return []
        message = f"no runtime {new['runtime']!r} is installed; there are {', '.join(known)}"
        return [Fault("unknown-runtime", ("runtime",), message)]

    def create(self, new: Properties, call: Call) -> tuple[str, Properties]:
        """The record, and, where people must approve, what of it may run outside of an update."""
        made = super().create(new, call)
        _deploy(new, call)
        return made

    def update(self, old: Properties, new: Properties, state: Properties, call: Call) -> Properties:
        """The same as it is now."""
        made = super().update(old, new, state, call)
        _deploy(new, call)
        return made


def _deploy(new: Properties, call: Call) -> None:
    """Record what is deployed.

    Raises:
        NotDoneError: the history cannot be written.
    """
    if call.preview or not new.get("deployment"):
        return
    from datakit_iac.history import place  # late: it takes long to import
    from datakit_iac.history.database import HistoryError
    from datakit_iac.history.deployments import Deployments

    store = new.get("history")
    try:
        database = place.opened(call.stack, inputs.connection(store) if store else None)
        Deployments(database).put(new["name"], new["deployment"])
    except HistoryError as fault:
        raise NotDoneError(str(fault)) from fault
