"""Applying the remedy of a violation to the properties of a resource."""

from __future__ import annotations

from typing import Any

from datakit_iac.policy.pack import from_cloud_resource
from datakit_iac.policy.rule import Remedy


def apply(remedy: Remedy, kind: str, properties: Any) -> None:
    """Set a property, or a tag, to the value of a remedy.

    Args:
        remedy: the field of a manifest, and its value.
        kind: the resource's type.
        properties: its properties, which are changed; secrets among them stay secrets.
    """
    _, *way, last = remedy.path
    if kind in from_cloud_resource.DATA:
        tags = from_cloud_resource.DATA[kind]
        if tags not in properties:
            properties[tags] = {}
        properties[tags][last] = remedy.value
        return
    place = properties
    for step in way:
        place = place[step]
    place[last] = remedy.value
