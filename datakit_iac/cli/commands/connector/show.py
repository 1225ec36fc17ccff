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
    listing.add_show(parser, "CONNECTOR")


def run(options: Namespace) -> int:
    return listing.show_one(options, "Connector", "connectors", _further, _text, among=_callable)


def _callable(project: Project) -> Mapping[str, Connector]:
    return {**editions(project), **project.connectors}


def _further(project: Project, connector: Connector) -> dict[str, Any]:
    others = [each for each in project.editions(connector.name) if each is not connector]
    return {
        "stores": stores(project, connector),
        "otherVersions": [each.version or "none" for each in others],
        "connection": _of_technology(connector),
    }


def _of_technology(connector: Connector) -> dict[str, Any] | None:
    """The JSON Schema of its technology's connection; None where that is not known."""
    from datakit_iac.technologies.technology import connection_model

    model = connection_model(connector.spec.type)
    return model.model_json_schema() if model else None


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
            **{f"{side} plugin": plugin.reference for side, plugin in spec.plugin.sides.items()},
            "stores": said["stores"],
        }
    )
    if rows := [_field(each) for each in spec.connection_schema] or _fields(spec.type):
        yield from ("", *listing.table(rows))


def _fields(technology: str) -> list[dict[str, Any]]:
    """Those of the technology, where the Connector does not say."""
    from datakit_iac.technologies.technology import connection_model

    model = connection_model(technology)
    return [_row(**each) for each in model.fields()] if model else []


def _field(field: ConnectionField) -> dict[str, Any]:
    return _row(
        name=field.field,
        required=not (field.optional or field.default is not None),
        secret=field.secret,
        default=None if field.secret else field.default,
        description=field.description,
    )


def _row(*, name: str, required: bool, secret: bool, default: object, description: str) -> dict[str, Any]:
    return {
        "FIELD": name,
        "REQUIRED": "yes" if required else "",
        "SECRET": "yes" if secret else "",
        "DEFAULT": default,
        "DESCRIPTION": description,
    }
