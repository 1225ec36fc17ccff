"""Connector: a technology type of the catalog; nothing is made, it is only looked up."""

from __future__ import annotations

from datakit_iac.findings.fault import Fault
from datakit_iac.provider import inputs
from datakit_iac.provider.property_values import has_unknowns
from datakit_iac.provider.protocol import Call, Properties
from datakit_iac.provider.resource_types.recorded import RecordType
from datakit_iac.technologies.technology import StoreError, technology


class ConnectorType(RecordType):
    """The lifecycle of a Connector."""

    def check(self, old: Properties, new: Properties, call: Call) -> list[Fault]:
        """The technologies that its Stores are bound to must be installed, or else its own."""
        faults = inputs.unsound("Connector", new)
        if faults or has_unknowns(new):
            return faults
        bound = new.get("technologies")
        for each in bound or (new["technology"],):
            try:
                technology(each)
            except StoreError as fault:
                faults.append(Fault("unknown-technology", ("technologies" if bound else "technology",), str(fault)))
        return faults
