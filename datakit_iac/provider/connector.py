"""Connector: a technology type of the catalog; there is nothing to make, only to find."""

from __future__ import annotations

from datakit_iac.provider.lifecycle import Call, Fault, Properties
from datakit_iac.provider.record import RecordType
from datakit_iac.technologies.technology import StoreError, technology


class ConnectorType(RecordType):
    """The lifecycle of a Connector."""

    def check(self, old: Properties, new: Properties, call: Call) -> list[Fault]:
        """The technology must be installed."""
        try:
            technology(new["technology"])
        except StoreError as fault:
            return [Fault("technology", str(fault))]
        return []
