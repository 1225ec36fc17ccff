"""Connector: a technology type of the catalog."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from datakit_iac.manifest import rules
from datakit_iac.manifest.models.common import Manifest, Model, Name, SemVer
from datakit_iac.manifest.traits import Fillable, Templated, Versioned
from datakit_iac.manifest.values.image import PluginReference

FieldType = Literal["string", "integer", "number", "boolean", "list", "mapping"]


class Plugin(Model):
    """The CloudQuery plugins of a technology: an image or a path, with its version."""

    source: PluginReference = ""
    destination: PluginReference = ""


class ConnectionField(Fillable, Model):
    """One field that a Store of this Connector gives."""

    field: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$")]
    type: FieldType | None = None
    description: str = ""
    default: str | int | float | bool | list[Any] | dict[str, Any] | None = None
    secret: bool = False
    optional: bool = False

    _default_fits = model_validator(mode="after")(rules.default_fits)


class Tool(Templated, Model):
    """What people use beside DataKit on a Store of this Connector: a program, or a file of settings for one.

    ``{{ field }}`` in a command or a template stands for a field of the connection.
    """

    name: Name
    type: Literal["exec", "config"]
    description: str = ""
    command: Annotated[list[str], BeforeValidator(rules.several, json_schema_input_type=str | list[str])] = Field(
        default_factory=list
    )
    requires: list[str] = Field(default_factory=list)
    format: Literal["text", "env", "ini", "json", "toml", "yaml"] | None = None
    template: str = ""
    path: str = ""

    _of_one_type = model_validator(mode="after")(rules.tool_of_one_type)


class ConnectorSpec(Model):
    """What a storage technology is: who provides it, which version, what it can be used for."""

    type: Name
    provider: Name = "datakit"
    version: SemVer | None = None
    protocol: str = ""
    capabilities: Annotated[list[Literal["source", "destination"]], Field(min_length=1)]
    plugin: Plugin = Plugin()
    connection_schema: Annotated[
        list[ConnectionField],
        BeforeValidator(rules.fields, json_schema_input_type=list[ConnectionField] | dict[str, dict[str, Any] | None]),
    ] = Field(default_factory=list)
    tools: list[Tool] = Field(default_factory=list)

    _names_differ = model_validator(mode="after")(rules.names_differ)

    @property
    def defaults(self) -> dict[str, Any]:
        """The options of a connection that hold where a Store does not say, by name."""
        return {each.field: each.default for each in self.connection_schema if each.default is not None}


class Connector(Versioned, Manifest):
    """A technology type: Stores are its instances. Several may have one name, each with a version of its own."""

    kind: Literal["Connector"] = "Connector"
    spec: ConnectorSpec
