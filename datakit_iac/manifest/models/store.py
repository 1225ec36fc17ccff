"""Store: a named instance of a Connector."""

from typing import Any, Literal

from pydantic import Field

from datakit_iac.manifest.models.document import Manifest, Model, Name, SecretReference
from datakit_iac.manifest.values.versions import VersionRange


class StoreSpec(Model):
    """How a Store is reached. Secrets are only here, and only as ``${VARIABLE}``."""

    connector: Name
    connector_version: VersionRange = ""
    connection: dict[str, Any] = Field(default_factory=dict)
    secrets: dict[str, SecretReference] = Field(default_factory=dict)
    create: bool | None = None
    description: str = ""


class Store(Manifest):
    """A named instance of a Connector: its connection and the references to its secrets."""

    kind: Literal["Store"] = "Store"
    spec: StoreSpec
