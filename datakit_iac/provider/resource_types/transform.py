"""Transform: what would run and when, as deployed; running it is the Run's work."""

from __future__ import annotations

from datakit_iac.findings.fault import Fault
from datakit_iac.provider import inputs
from datakit_iac.provider.property_values import has_unknowns
from datakit_iac.provider.protocol import Call, Properties
from datakit_iac.provider.resource_types.recorded import RecordType
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
            call.warn(f"the local executor has no scheduler: {schedule.get('cron')} is recorded and starts nothing")
        known = runtimes()
        if new["runtime"] in known:
            expect(new["runtime"])
            return []
        message = f"no runtime {new['runtime']!r} is installed; there are {', '.join(known)}"
        return [Fault("unknown-runtime", ("runtime",), message)]
