"""Connector: a technology type of the catalog; there is nothing to make, only to find."""

from __future__ import annotations

from datakit_iac.provider.lifecycle import Call, Difference, Fault, Properties
from datakit_iac.technologies.technology import StoreError, technology


class ConnectorType:
    """The lifecycle of a Connector."""

    def check(self, old: Properties, new: Properties, call: Call) -> list[Fault]:
        """The technology must be installed."""
        try:
            technology(new["technology"])
        except StoreError as fault:
            return [Fault("technology", str(fault))]
        return []

    def diff(self, old: Properties, new: Properties, state: Properties) -> Difference:
        """Every property changes in place."""
        return Difference({key: "update" for key in sorted({*old, *new}) if old.get(key) != new.get(key)})

    def create(self, new: Properties, call: Call) -> tuple[str, Properties]:
        """Nothing is made."""
        return new["name"], {}

    def read(
        self,
        resource_id: str,
        inputs: Properties,
        state: Properties,
        call: Call,
    ) -> tuple[Properties, Properties] | None:
        """It is what it was."""
        return inputs, state

    def update(self, old: Properties, new: Properties, state: Properties, call: Call) -> Properties:
        """Nothing is made."""
        return {}

    def delete(self, inputs: Properties, state: Properties, call: Call) -> None:
        """Nothing was made."""
