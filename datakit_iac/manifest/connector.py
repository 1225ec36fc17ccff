"""Connector: a technology type of the catalog."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, model_validator

from datakit_iac.manifest.document import Manifest, Model, Name, SemVer
from datakit_iac.manifest.image import PluginReference
from datakit_iac.manifest.versions import satisfies

FieldType = Literal["string", "integer", "number", "boolean", "list", "mapping"]
_PYTHON: Final[dict[str, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "list": (list,),
    "mapping": (Mapping,),
}
_OWN: Final = {"exec": ("command", "requires"), "config": ("template", "format", "path")}
_PLACEHOLDER: Final = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")


class Plugin(Model):
    """The CloudQuery plugins of a technology: an image or a path, with its version."""

    source: PluginReference = ""
    destination: PluginReference = ""


class ConnectionField(Model):
    """One field that a Store of this Connector gives."""

    field: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$")]
    type: FieldType | None = None
    description: str = ""
    default: str | int | float | bool | list[Any] | dict[str, Any] | None = None
    secret: bool = False
    optional: bool = False

    @model_validator(mode="after")
    def _default_fits(self) -> ConnectionField:
        if self.default is None:
            return self
        if self.secret:
            raise ValueError(f"{self.field} is a secret, so it has no default; each Store says ${{VARIABLE}}")
        if not self.fits(self.default):
            raise ValueError(f"the default of {self.field} is {self.default!r}; expected its type, {self.type}")
        return self

    @property
    def required(self) -> bool:
        """Whether a Store must give it."""
        return not self.optional and self.default is None

    def fits(self, value: object) -> bool:
        """Whether a value is of the field's type; any is, where the field has none."""
        if self.type is None:
            return True
        return isinstance(value, _PYTHON[self.type]) and (self.type == "boolean" or not isinstance(value, bool))


def _words(value: object) -> object:
    return [value] if isinstance(value, str) else value


class Tool(Model):
    """What people use beside DataKit on a Store of this Connector: a program, or a file of settings for one.

    ``{{ field }}`` in a command or a template stands for a field of the connection.
    """

    name: Name
    type: Literal["exec", "config"]
    description: str = ""
    command: Annotated[list[str], BeforeValidator(_words, json_schema_input_type=str | list[str])] = Field(
        default_factory=list
    )
    requires: list[str] = Field(default_factory=list)
    format: Literal["text", "env", "ini", "json", "toml", "yaml"] | None = None
    template: str = ""
    path: str = ""

    @model_validator(mode="after")
    def _of_one_type(self) -> Tool:
        own, other = _OWN[self.type], _OWN["config" if self.type == "exec" else "exec"]
        if not getattr(self, own[0]):
            raise ValueError(f"a tool of type {self.type} needs `{own[0]}`")
        if strange := [name for name in other if getattr(self, name)]:
            raise ValueError(f"`{strange[0]}` says nothing in a tool of type {self.type}; it has {', '.join(own)}")
        return self

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The fields of the connection that its command or template stands on, in their order."""
        return tuple(name for text in (*self.command, self.template) for name in _PLACEHOLDER.findall(text))


class ConnectorSpec(Model):
    """What a storage technology is: who provides it, which version, what it can be used for."""

    type: Name
    provider: str = "datakit"
    version: SemVer | None = None
    protocol: str = ""
    capabilities: Annotated[list[Literal["source", "destination"]], Field(min_length=1)]
    plugin: Plugin = Plugin()
    connection_schema: list[ConnectionField] = Field(default_factory=list)
    tools: list[Tool] = Field(default_factory=list)

    @model_validator(mode="after")
    def _names_differ(self) -> ConnectorSpec:
        listed: dict[str, list[str]] = {
            "capabilities": [*self.capabilities],
            "connectionSchema": [each.field for each in self.connection_schema],
            "tools": [each.name for each in self.tools],
        }
        for where, names in listed.items():
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise ValueError(f"twice among `{where}`: {', '.join(twice)}")
        return self

    @property
    def defaults(self) -> dict[str, Any]:
        """The options of a connection that hold where a Store does not say, by name."""
        return {each.field: each.default for each in self.connection_schema if each.default is not None}


class Connector(Manifest):
    """A technology type: Stores are its instances. Several may have one name, each with a version of its own."""

    kind: Literal["Connector"] = "Connector"
    spec: ConnectorSpec

    @property
    def identity(self) -> str:
        """Name and version: a catalog may hold several versions of one Connector."""
        return f"{self.name}@{self.spec.version}" if self.spec.version else self.name

    def is_within(self, constraint: str) -> bool:
        """Whether it has a version, and that lies in a range; every Connector does where the range is empty.

        Raises:
            ValueError: the constraint is no range.
        """
        return not constraint or (self.spec.version is not None and satisfies(self.spec.version, constraint))
