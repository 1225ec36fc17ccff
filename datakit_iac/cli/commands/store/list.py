"""List the Stores of a project, or of a part of it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from datakit_iac.cli import listing

if TYPE_CHECKING:
    from datakit_iac.manifest.models.store import Store
    from datakit_iac.manifest.project import Project


def configure(parser: ArgumentParser) -> None:
    listing.add_list(parser)


def run(options: Namespace) -> int:
    return listing.show_all(options, "stores", _row, shown=_shown)


def _row(project: Project, store: Store) -> dict[str, Any]:
    connector = project.connectors.get(store.spec.connector)
    return {
        "name": store.name,
        "description": store.spec.description or store.metadata.description,
        "connector": store.spec.connector,
        "connectorVersion": store.spec.connector_version,
        "type": connector.spec.type if connector else None,
        "datasets": [dataset.name for dataset in project.datasets.values() if dataset.spec.store == store.name],
    }


def _shown(row: listing.Row) -> dict[str, Any]:
    return {
        "NAME": row["name"],
        "CONNECTOR": row["connector"],
        "VERSION": row["connectorVersion"],
        "TYPE": row["type"],
        "DATASETS": len(row["datasets"]),
        "DESCRIPTION": row["description"],
    }
