"""Inputs of resources as the values that technologies and runtimes work on."""

from __future__ import annotations

from datetime import UTC, datetime

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.contract.decoding import decode
from datakit_iac.contract.faults import faults
from datakit_iac.contract.job import Job
from datakit_iac.contract.shapes import SHAPES, Contract, DataSet, Run, StoreReference
from datakit_iac.findings.fault import Fault
from datakit_iac.findings.location import spelled
from datakit_iac.manifest.models.dataset import Consent
from datakit_iac.provider.property_values import unknowns
from datakit_iac.provider.protocol import Call, Properties
from datakit_iac.runs.request import identity


def connection(store: Properties) -> Connection:
    """The connection of a Store, from its properties or from a DataSet's `store`.

    Secrets that a preview does not know yet are left out: a preview opens no connection with them.
    """
    return decode(StoreReference, store).reached


def dataset(properties: Properties) -> BoundDataSet:
    """The contract and its place, from a DataSet's properties.

    Raises:
        pydantic.ValidationError: columns or tests do not have their shape.
    """
    return decode(Contract, properties).bound


def job(properties: Properties, environment: str) -> Job:
    """What a Run runs."""
    run = decode(Run, properties)
    bound = [each.bound for each in run.inputs]
    return run.job(environment, identity(run.definition, bound, run.versions))


def consent(properties: Properties, subject: str) -> Consent | None:
    """The consent of the manifest, valid today, to lose what `subject` (``table`` or ``column/NAME``) holds."""
    today = datetime.now(UTC).date()
    consents = decode(DataSet, {"consents": properties.get("consents")}).consents
    return next((each for each in consents if each.object == subject and each.expires >= today), None)


def unsound(kind: str, properties: Properties) -> list[Fault]:
    """What is invalid in the inputs of a resource by the rules of manifests, as far as they are known."""
    return faults(SHAPES[kind], properties)


def foretell(properties: Properties, call: Call) -> None:
    """Show which inputs are known only in the update, so that a preview does not look as if nothing were to be done."""
    if paths := sorted(spelled(path) for path in unknowns(properties)):
        call.tell(f"known after apply: {', '.join(paths)}")
