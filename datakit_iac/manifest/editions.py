"""Connectors that stand several times in the catalog, each with a version of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from semver import Version

    from datakit_iac.manifest.models.connector import Connector


def editions(connectors: Iterable[Connector]) -> dict[str, tuple[Connector, ...]]:
    """The versions of each Connector, newest first; one without a version is the oldest."""
    by_name: dict[str, list[Connector]] = {}
    for connector in connectors:
        by_name.setdefault(connector.name, []).append(connector)
    return {name: tuple(sorted(found, key=_age, reverse=True)) if found[1:] else (found[0],)
            for name, found in sorted(by_name.items())}  # fmt: skip


def unversioned(found: Mapping[str, tuple[Connector, ...]]) -> list[Connector]:
    """Those that have no version where their name stands several times, so that nobody can tell them apart."""
    return [each for several in found.values() if several[1:] for each in several if not each.version]


def _age(connector: Connector) -> Version:
    from semver import Version  # late: most catalogs hold one version of each

    return Version.parse(connector.version or "0.0.0-0")
