"""A resource as the engine shows it to a policy pack, with plain properties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

SENTINELS: Final = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
"""What the engine writes for a value that only the update will know (`pulumi_policy/proxy.py`)."""

UNKNOWN: Final = object()
"""Such a value."""


@dataclass(frozen=True, slots=True)
class ObservedResource:
    """A resource.

    Attributes:
        type: its type, e.g. ``datakit:index:DataSet``.
        name: its name in the program.
        urn: what the engine calls it.
        properties: its inputs; what is not known yet is `UNKNOWN`.
        parent: the URN of its parent; empty where it has none.
    """

    type: str
    name: str
    urn: str
    properties: Mapping[str, Any]
    parent: str = ""

    @property
    def stack(self) -> str:
        """The stack it is of."""
        return self.urn.split("::", 1)[0].rpartition(":")[2]


def plain(value: Any) -> Any:
    """A property without the proxies that a pack is given it in."""
    if isinstance(value, Mapping):
        return {key: _item(value, key) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return [_item(value, index) for index in range(len(value))]
    return UNKNOWN if isinstance(value, str) and value in SENTINELS else value


def _item(value: Any, key: Any) -> Any:
    try:
        return plain(value[key])
    except Exception as fault:
        # By its name: pulumi_policy can be imported in the pack's own process alone.
        if type(fault).__name__ == "UnknownValueError":
            return UNKNOWN
        raise


def is_known(value: Any) -> bool:
    """Whether nothing in a value is still unknown."""
    if isinstance(value, Mapping):
        return all(map(is_known, value.values()))
    return all(map(is_known, value)) if isinstance(value, list) else value is not UNKNOWN
