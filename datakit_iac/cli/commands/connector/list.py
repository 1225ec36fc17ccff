"""List the Connectors of a project, or of a part of it: each version of each, newest first."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from datakit_iac.cli import listing

if TYPE_CHECKING:
    from datakit_iac.manifest.models.connector import Connector
    from datakit_iac.manifest.project import Project


def configure(parser: ArgumentParser) -> None:
    listing.add_list(parser)


def run(options: Namespace) -> int:
    return listing.show_all(options, "connectors", _row, shown=_shown, among=editions)


def editions(project: Project) -> dict[str, Connector]:
    """Every version of every Connector, by NAME@VERSION; by its name alone one that has none."""
    return {each.identity: each for name in project.connectors for each in project.editions(name)}


def stores(project: Project, connector: Connector) -> list[str]:
    """The Stores that a version of a Connector will do for."""
    return [
        store.name
        for store in project.stores.values()
        if store.spec.connector == connector.name and connector.is_within(store.spec.connector_version)
    ]


def _row(project: Project, connector: Connector) -> dict[str, Any]:
    spec = connector.spec
    return {
        "name": connector.name,
        "description": connector.metadata.description,
        "type": spec.type,
        "provider": spec.provider,
        "version": connector.version,
        "capabilities": list(spec.capabilities),
        "stores": stores(project, connector),
    }


def _shown(row: listing.Row) -> dict[str, Any]:
    words = ("name", "type", "provider", "version", "capabilities", "stores")
    return {word.upper(): row[word] for word in words}
