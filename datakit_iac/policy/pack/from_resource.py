"""Facts of our own resources: what their properties say, over what a manifest of the same name says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from datakit_iac.contract.decoding import decode
from datakit_iac.contract.shapes import Contract
from datakit_iac.environment.versions.pins import image_tag, is_exact_image, is_exact_version
from datakit_iac.policy.from_project import of_contract
from datakit_iac.policy.model import ConnectorFacts, DataSetFacts, Reference, StoreFacts, TransformFacts
from datakit_iac.policy.pack.resource import ObservedResource, is_known
from datakit_iac.policy.project_facts import ProjectFacts, Subject

_UNUSED: Final = frozenset({"store", "connection", "secrets", "generation", "location"})
"""Properties that no rule looks at, so that no check waits until they are known."""


class NotYetKnownError(Exception):
    """A property that rules look at will only be known in the update; the text names it."""


def subject(resource: ObservedResource, declared: ProjectFacts) -> Subject | None:
    """The facts of a resource of ours; None for one that no rule looks at.

    Args:
        resource: the resource.
        declared: the facts of the manifests that the resource's Platform registers; of none for any other.

    Raises:
        NotYetKnownError: the preview cannot tell.
        pydantic.ValidationError: columns or tests do not have their shape; the provider refuses that, too.
    """
    make = _KINDS.get(resource.type)
    if make is None:
        return None
    demand_known(resource)
    return make(resource, declared)


def is_declared(resource: ObservedResource, declared: ProjectFacts) -> bool:
    """Whether a resource has the name of a manifest, in the program and as its property; there is one with both."""
    if resource.type not in _KINDS or _name(resource) != resource.name:
        return False
    return resource.name in getattr(declared, f"{resource.type.rpartition(':')[2].lower()}s")


def demand_known(resource: ObservedResource) -> None:
    """Refuse a resource of which something that rules look at is not known yet.

    Raises:
        NotYetKnownError: that is so.
    """
    for name, value in resource.properties.items():
        if name not in _UNUSED and not is_known(value):
            raise NotYetKnownError(name)


def _connector(resource: ObservedResource, declared: ProjectFacts) -> ConnectorFacts:
    said, name = resource.properties, _name(resource)
    version = said.get("version") or ""
    if found := declared.connectors.get(name):
        return replace(found, version=version)
    reference = Reference("connector", name, version, is_exact_version(version), ("spec", "version"))
    return ConnectorFacts(name, said["technology"], version, said.get("provider") or "", (reference,))


def _store(resource: ObservedResource, declared: ProjectFacts) -> StoreFacts:
    said, name = resource.properties, _name(resource)
    if found := declared.stores.get(name):
        return replace(found, technology=said["technology"])
    named = said.get("connector") or said["technology"]
    connectors = [each for each in declared.connectors.values() if named in (each.name, each.type)]
    version = connectors[0].version if connectors else ""
    return StoreFacts(name, connectors[0].name if connectors else named, said["technology"], version)


def _dataset(resource: ObservedResource, declared: ProjectFacts) -> DataSetFacts:
    said, name = resource.properties, _name(resource)
    external = bool(said.get("external"))
    # What is made here is written by something; that nothing in the program writes it is only known in the end.
    blank = DataSetFacts(name, store="", is_output=not external, is_external=external)
    found = declared.datasets.get(name, blank)
    store = said.get("store")  # that it is not known yet, no rule minds
    contract = decode(Contract, {**said, "store": store if isinstance(store, Mapping) else {}})
    return of_contract(contract, found if found.is_external == external else blank)


def _transform(resource: ObservedResource, declared: ProjectFacts) -> TransformFacts:
    said, name = resource.properties, _name(resource)
    schedule: Mapping[str, Any] = said.get("schedule") or {}
    settings: Mapping[str, Any] = said.get("settings") or {}
    image = str(said.get("image") or settings.get("image") or "")
    blank = TransformFacts(name, said["runtime"], references=(image_reference(image),) if image else ())
    return replace(
        declared.transforms.get(name, blank),
        runtime=said["runtime"],
        inputs=tuple(said.get("inputs") or ()),
        outputs=tuple(said.get("outputs") or ()),
        cron="" if schedule.get("suspend") else str(schedule.get("cron") or ""),
    )


def image_reference(image: str) -> Reference:
    """The reference to an image, as it is written."""
    tag = image_tag(image)
    name = image.partition("@")[0].removesuffix(f":{tag}")
    return Reference("image", name, tag or image.partition("@")[2], is_exact_image(image), ("spec", "image"))


def _name(resource: ObservedResource) -> str:
    return str(resource.properties.get("name") or resource.name)


_KINDS: Final[Mapping[str, Callable[[ObservedResource, ProjectFacts], Subject]]] = {
    "datakit:index:Connector": _connector,
    "datakit:index:Store": _store,
    "datakit:index:DataSet": _dataset,
    "datakit:index:Transform": _transform,
}
