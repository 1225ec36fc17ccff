"""Show one Connector: what it is, what a Store of it must give, and which Stores there are.

NAME shows the newest of its versions and names the others; NAME@VERSION shows one of them.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from datakit_iac.cli import listing
from datakit_iac.cli.commands.connector.list import editions, stores

if TYPE_CHECKING:
    from datakit_iac.manifest.models.connector import ConnectionField, Connector
    from datakit_iac.manifest.project import Project


def configure(parser: ArgumentParser) -> None:
    """Add the arguments."""
    listing.add_show(parser, "CONNECTOR")


def run(options: Namespace) -> int:
    """Read and show."""
    return listing.show_one(options, "Connector", "connectors", _further, _text, among=_callable)


def _callable(project: Project) -> Mapping[str, Connector]:
    return {**editions(project), **project.connectors}


def _further(project: Project, connector: Connector) -> dict[str, list[str]]:
    others = [each for each in project.editions(connector.name) if each is not connector]
    return {"stores": stores(project, connector), "otherVersions": [each.version or "none" for each in others]}


def _text(connector: Connector, said: Mapping[str, Any]) -> Iterator[str]:
    spec = connector.spec
    yield from listing.fields(
        {
            "description": connector.metadata.description,
            "type": spec.type,
            "provider": spec.provider,
            "version": connector.version,
            "other versions": said["otherVersions"],
            "protocol": spec.protocol,
            "capabilities": spec.capabilities,
            "source plugin": spec.plugin.source,
            "destination plugin": spec.plugin.destination,
            "stores": said["stores"],
        }
    )
    if spec.connection_schema:
        yield from ("", *listing.table([_field(each) for each in spec.connection_schema]))


def _field(field: ConnectionField) -> dict[str, Any]:
    return {
        "FIELD": field.field,
        "REQUIRED": "" if field.optional or field.default is not None else "yes",
        "SECRET": "yes" if field.secret else "",
        "DEFAULT": "" if field.secret else field.default,
        "DESCRIPTION": field.description,
    }
