"""When a function runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Trigger:
    """When a function runs.

    Attributes:
        document: as a manifest's `trigger` says it.
        meaning: the same in one sentence.
    """

    document: Mapping[str, Any]
    meaning: str = field(default="", compare=False)


on_change: Final = Trigger({"policy": "on-change"}, "It runs when its definition or an input changed.")
manual: Final = Trigger({"policy": "manual"}, "It runs when asked to.")


def schedule(cron: str, *, timezone: str = "UTC", suspend: bool = False) -> Trigger:
    """It runs at times.

    Args:
        cron: five fields, e.g. ``0 6 * * *``.
        timezone: the name of the time zone in which they are meant.
        suspend: whether it pauses.
    """
    when = {"cron": cron, "timezone": timezone, **({"suspend": True} if suspend else {})}
    return Trigger({"policy": "schedule", "schedule": when})


def composite(*triggers: Trigger) -> Trigger:
    """It runs whenever one of several triggers says so."""
    scheduled = [each.document["schedule"] for each in triggers if "schedule" in each.document]
    policies = [each.document["policy"] for each in triggers]
    return Trigger({"policy": "composite", "policies": policies, **({"schedule": scheduled[0]} if scheduled else {})})
