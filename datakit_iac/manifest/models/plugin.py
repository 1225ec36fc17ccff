"""The CloudQuery plugins that a Connector names, to be used in place of those that ship with datakit."""

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from datakit_iac.findings.sensitive import literals
from datakit_iac.manifest.models.document import Model
from datakit_iac.manifest.values.image import Image

PLACEHOLDER: Final = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
"""``{{ field }}``: a field of the connection; its group is the field's name."""

LOCAL: Final = ("./", "../", "/", "~/")
"""How the path of a program begins."""
_HUB: Final = re.compile(r"[\w.-]+/[\w.-]+")
_VERSION: Final = re.compile(r"v\d+\.\d+\.\d+([-+][\w.+-]+)?")
_SERVER: Final = re.compile(r"[^\s:/]+:\d+")


class NamedPlugin(Model):
    """One plugin: where CloudQuery finds it, and what its own spec says beside what follows from the Store.

    ``{{ field }}`` in `spec` stands for a field or secret of the Store's connection, ``{{ dsn }}`` for its address.

    Source: https://docs.cloudquery.io/docs/reference/destination-spec
    """

    registry: Literal["cloudquery", "github", "docker", "local", "grpc"]
    path: str
    version: str = ""
    spec: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _can_be_found(self) -> Self:
        """The path has the form that the registry asks for, and a version where that has several."""
        has_versions = self.registry in ("cloudquery", "github")
        if has_versions and not _VERSION.fullmatch(self.version):
            raise ValueError(f"registry {self.registry} requires the plugin's version; expected for instance v8.7.2")
        if self.version and not has_versions:
            raise ValueError(f"`version` is not valid for registry {self.registry}, whose path says all")
        match self.registry:
            case "docker":
                Image.parse(self.path)
            case "local" if not self.path.startswith(LOCAL):
                raise ValueError(f"path is {self.path!r}; expected one that begins with {', '.join(LOCAL)}")
            case "grpc" if not _SERVER.fullmatch(self.path):
                raise ValueError(f"path is {self.path!r}; expected a server as HOST:PORT")
            case "cloudquery" | "github" if not _HUB.fullmatch(self.path):
                raise ValueError(f"path is {self.path!r}; expected TEAM/NAME, for instance cloudquery/postgresql")
        return self

    @model_validator(mode="after")
    def _keeps_secrets_out(self) -> Self:
        """Secrets are the Store's; here only their places are."""
        try:
            text = json.dumps(self.spec)
        except TypeError:
            raise ValueError("spec has a value that JSON does not have, such as a date; put it in quotes") from None
        shown = json.loads(PLACEHOLDER.sub("${FIELD}", text))
        for path in literals(shown, ("spec",)):
            where = ".".join(map(str, path))
            raise ValueError(
                f"{where} is a secret in clear; put it under `secrets` of the Store, and {{{{ it }}}} here"
            )
        return self

    @property
    def is_program(self) -> bool:
        """Whether its path is that of a program on this machine."""
        return self.registry == "local"

    @property
    def reference(self) -> str:
        """The plugin in one text, as people name it.

        >>> NamedPlugin(registry="cloudquery", path="cloudquery/postgresql", version="v8.7.2").reference
        'cloudquery/postgresql:v8.7.2'
        """
        return f"{self.path}:{self.version}" if self.version else self.path


def _named(value: object) -> object:
    """A plugin, where a path or an image may stand for one; None where nothing is said."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        return value
    if value.startswith(LOCAL):
        return {"registry": "local", "path": value}
    Image.parse(value)
    return {"registry": "docker", "path": value}


PluginChoice = Annotated[NamedPlugin | None, BeforeValidator(_named, json_schema_input_type=str | NamedPlugin)]
"""A `NamedPlugin`; its path or image may stand for one."""


class Plugin(Model):
    """The CloudQuery plugins of a technology that are used instead of those that ship with datakit."""

    source: PluginChoice = None
    destination: PluginChoice = None

    @property
    def sides(self) -> Mapping[str, NamedPlugin]:
        """Those that are named, by the side that they are on."""
        said = {"source": self.source, "destination": self.destination}
        return {side: plugin for side, plugin in said.items() if plugin}


NO_PLUGIN: Final = Plugin.blank()
"""Where no Connector names one."""
