"""Transform: what would run and when, as deployed; running it is the Run's work."""

from __future__ import annotations

from datakit_iac.provider.lifecycle import Call, Difference, Fault, Properties
from datakit_iac.provider.warmth import expect
from datakit_iac.runtimes.registry import runtimes


class TransformType:
    """The lifecycle of a Transform."""

    def check(self, old: Properties, new: Properties, call: Call) -> list[Fault]:
        """The runtime must be installed."""
        known = runtimes()
        if new["runtime"] in known:
            expect(new["runtime"])
            return []
        return [Fault("runtime", f"no runtime {new['runtime']!r} is installed; there are {', '.join(known)}")]

    def diff(self, old: Properties, new: Properties, state: Properties) -> Difference:
        """Every property changes in place."""
        return Difference({key: "update" for key in sorted({*old, *new}) if old.get(key) != new.get(key)})

    def create(self, new: Properties, call: Call) -> tuple[str, Properties]:
        """Record the definition."""
        _say_schedule(new, call)
        return new["name"], {}

    def read(
        self,
        resource_id: str,
        inputs: Properties,
        state: Properties,
        call: Call,
    ) -> tuple[Properties, Properties] | None:
        """It is what was recorded."""
        return inputs, state

    def update(self, old: Properties, new: Properties, state: Properties, call: Call) -> Properties:
        """Record the definition."""
        _say_schedule(new, call)
        return {}

    def delete(self, inputs: Properties, state: Properties, call: Call) -> None:
        """The record goes."""


def _say_schedule(new: Properties, call: Call) -> None:
    if schedule := new.get("schedule"):
        call.warn(
            f"the local executor has no scheduler: {schedule.get('cron')} is recorded, nothing will start by itself"
        )
