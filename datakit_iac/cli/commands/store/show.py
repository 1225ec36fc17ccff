"""Show one Store: its connection and its DataSets. Secrets stay references."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from datakit_iac.cli import listing

if TYPE_CHECKING:
    from datakit_iac.manifest.models.store import Store
    from datakit_iac.manifest.project import Project


def configure(parser: ArgumentParser) -> None:
    listing.add_show(parser, "STORE")


def run(options: Namespace) -> int:
    return listing.show_one(options, "Store", "stores", _datasets, _text)


def _datasets(project: Project, store: Store) -> dict[str, list[str]]:
    return {"datasets": [dataset.name for dataset in project.datasets.values() if dataset.spec.store == store.name]}


def _text(store: Store, said: Mapping[str, Any]) -> Iterator[str]:
    spec = listing.document(store)["spec"]
    yield from listing.fields(
        {
            "description": store.spec.description or store.metadata.description,
            "connector": f"{store.spec.connector} {store.spec.connector_version}".rstrip(),
            **{f"connection.{name}": value for name, value in spec.get("connection", {}).items()},
            **{f"secrets.{name}": value for name, value in spec.get("secrets", {}).items()},
            "datasets": said["datasets"],
        }
    )
