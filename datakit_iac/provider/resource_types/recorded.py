"""Resources that are only recorded: nothing is made outside the state, so nothing can drift or be lost."""

from __future__ import annotations

from datakit_iac.findings.fault import Fault
from datakit_iac.provider.inputs import foretell
from datakit_iac.provider.property_values import UNKNOWN
from datakit_iac.provider.protocol import Call, Difference, Properties
from datakit_iac.runs.operation import NotDoneError


def identifier(name: object) -> str:
    """The ID of a record: its name; none in a preview that does not know it yet."""
    return "" if name is UNKNOWN else str(name)


class RecordType:
    """The lifecycle of a record; each kind says what it checks."""

    def check(self, old: Properties, new: Properties, call: Call) -> list[Fault]:
        """Anything can be recorded."""
        return []

    def diff(self, old: Properties, new: Properties, state: Properties) -> Difference:
        """Every property changes in place."""
        return Difference({key: "update" for key in sorted({*old, *new}) if old.get(key) != new.get(key)})

    def create(self, new: Properties, call: Call) -> tuple[str, Properties]:
        """Nothing but the record."""
        foretell(new, call)
        return identifier(new["name"]), {}

    def read(
        self, resource_id: str, inputs: Properties, state: Properties, call: Call
    ) -> tuple[Properties, Properties] | None:
        """It is what was recorded.

        Raises:
            NotDoneError: it is to be imported, and nothing of it is anywhere else.
        """
        if not inputs:
            kind = call.urn.split("::")[2].rpartition(":")[2]
            raise NotDoneError(
                f"a {kind} is only recorded in the state, so there is nothing to import: leave {call.name} out of the"
                " import and declare it in the program"
            )
        return inputs, state

    def update(self, old: Properties, new: Properties, state: Properties, call: Call) -> Properties:
        """Nothing but the record."""
        foretell(new, call)
        return {}

    def delete(self, inputs: Properties, state: Properties, call: Call) -> None:
        """Nothing but the record is removed."""
