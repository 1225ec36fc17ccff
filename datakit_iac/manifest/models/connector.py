"""Connector: a technology type of the catalog."""

from collections.abc import Iterable, Mapping
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from datakit_iac.findings.sensitive import literals
from datakit_iac.manifest.models.document import Manifest, Model, Name, SemVer, nothing, repeated, several
from datakit_iac.manifest.models.plugin import PLACEHOLDER, Plugin
from datakit_iac.manifest.values.secret import quoted
from datakit_iac.manifest.values.versions import satisfies

if TYPE_CHECKING:
    from semver import Version

FieldType = Literal["string", "integer", "number", "boolean", "list", "mapping"]
_PYTHON: Final[dict[str, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "list": (list,),
    "mapping": (Mapping,),
}
_OF_TYPE: Final = {"exec": ("command", "requires"), "config": ("template", "format", "path")}
"""The fields of a tool by its type; the first of them is required."""


class ConnectionField(Model):
    """One field that a Store of this Connector gives."""

    field: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$")]
    type: FieldType | None = None
    description: str = ""
    default: str | int | float | bool | list[Any] | dict[str, Any] | None = None
    secret: bool = False
    optional: bool = False

    @model_validator(mode="after")
    def _default_fits(self) -> Self:
        """A default is of the field's type; a secret has none."""
        if self.default is None:
            return self
        if self.secret or any(literals(self.default, (self.field,))):
            raise ValueError(f"{self.field} is a secret, so it has no default; each Store says ${{VARIABLE}}")
        if not self.fits(self.default):
            found = quoted(self.field, self.default)
            raise ValueError(f"the default of {self.field} is {found}; expected its type, {self.type}")
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


class Tool(Model):
    """What people use beside DataKit on a Store of this Connector: a program, or a file of settings for one.

    ``{{ field }}`` in a command or a template stands for a field of the connection.
    """

    name: Name
    type: Literal["exec", "config"]
    description: str = ""
    command: Annotated[list[str], BeforeValidator(several, json_schema_input_type=str | list[str])] = Field(
        default_factory=nothing
    )
    requires: list[str] = Field(default_factory=nothing)
    format: Literal["text", "env", "ini", "json", "toml", "yaml"] | None = None
    template: str = ""
    path: str = ""

    @model_validator(mode="after")
    def _of_one_type(self) -> Self:
        """A tool has what its type needs, and nothing of the other's."""
        own, other = _OF_TYPE[self.type], _OF_TYPE["config" if self.type == "exec" else "exec"]
        if not getattr(self, own[0]):
            raise ValueError(f"a tool of type {self.type} needs `{own[0]}`")
        if strange := [name for name in other if getattr(self, name)]:
            raise ValueError(f"`{strange[0]}` is not valid for tools of type {self.type}; it has {', '.join(own)}")
        return self

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The fields of the connection that its command or template uses, in their order."""
        return tuple(name for text in (*self.command, self.template) for name in PLACEHOLDER.findall(text))


def _listed(value: object) -> object:
    """Fields as a list, where a mapping from the name of each may stand for it."""
    if not isinstance(value, Mapping):
        return value
    if wrong := [name for name, each in value.items() if not isinstance(each, (Mapping, NoneType))]:
        raise ValueError(f"{wrong[0]} is not a mapping; expected e.g. {wrong[0]}: {{description: …, optional: true}}")
    return [{"field": name, **(each or {})} for name, each in value.items()]


class ConnectorSpec(Model):
    """What a storage technology is: who provides it, which version, what it can be used for."""

    type: Name
    provider: Name = "datakit"
    version: SemVer | None = None
    protocol: str = ""
    capabilities: Annotated[list[Literal["source", "destination"]], Field(min_length=1)]
    plugin: Plugin = Plugin.blank()
    connection_schema: Annotated[
        list[ConnectionField],
        BeforeValidator(_listed, json_schema_input_type=list[ConnectionField] | dict[str, dict[str, Any] | None]),
    ] = Field(default_factory=nothing)
    tools: list[Tool] = Field(default_factory=nothing)

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        """Nothing of a Connector is listed twice."""
        listed: dict[str, list[str]] = {
            "capabilities": [*self.capabilities],
            "connectionSchema": [each.field for each in self.connection_schema],
            "tools": [each.name for each in self.tools],
        }
        for where, names in listed.items():
            if twice := repeated(names):
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
        return f"{self.name}@{self.version}" if self.version else self.name

    @property
    def version(self) -> str | None:
        """The version, of the spec or else of the metadata."""
        return self.spec.version or self.metadata.version

    def is_within(self, constraint: str) -> bool:
        """Whether it has a version, and that is in a range; every Connector does where the range is empty.

        Raises:
            ValueError: the constraint is not a range.
        """
        return not constraint or (self.version is not None and satisfies(self.version, constraint))


def editions(connectors: Iterable[Connector]) -> dict[str, tuple[Connector, ...]]:
    """The versions of each Connector, newest first; one without a version is the oldest."""
    by_name: dict[str, list[Connector]] = {}
    for connector in connectors:
        by_name.setdefault(connector.name, []).append(connector)
    return {name: tuple(sorted(found, key=_age, reverse=True)) if found[1:] else (found[0],)
            for name, found in sorted(by_name.items())}  # fmt: skip


def _age(connector: Connector) -> "Version":
    from semver import Version  # late: most catalogs hold one version of each

    return Version.parse(connector.version or "0.0.0-0")
