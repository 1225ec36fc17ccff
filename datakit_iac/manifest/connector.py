"""Connector: a technology type of the catalog."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from datakit_iac.manifest.document import Manifest, Model, Name, SemVer


class Plugin(Model):
    """The CloudQuery plugins of a technology: an image or a path, with its version."""

    source: str = ""
    destination: str = ""


class ConnectionField(Model):
    """One field that a Store of this Connector gives."""

    field: str
    description: str = ""
    default: str | int | bool | None = None
    secret: bool = False
    optional: bool = False


class ConnectorSpec(Model):
    """What a storage technology is: who provides it, which version, what it can be used for."""

    type: Name
    provider: str = "datakit"
    version: SemVer | None = None
    protocol: str = ""
    capabilities: Annotated[list[Literal["source", "destination"]], Field(min_length=1)]
    plugin: Plugin = Plugin()
    connection_schema: list[ConnectionField] = Field(default_factory=list)


class Connector(Manifest):
    """A technology type: Stores are its instances. Several may have one name, each with a version of its own."""

    kind: Literal["Connector"] = "Connector"
    spec: ConnectorSpec

    @property
    def identity(self) -> str:
        """Name and version: a catalog may hold several versions of one Connector."""
        return f"{self.name}@{self.spec.version}" if self.spec.version else self.name
