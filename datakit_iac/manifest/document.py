"""What all manifests share: strict models, metadata, names."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema
from pydantic.alias_generators import to_camel

API_VERSION: Final = "datakit.infoblox.dev/v1alpha1"

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
"""A manifest's name: a lower-case letter, then up to 62 lower-case letters, digits and hyphens."""


_SEMVER: Final = (
    r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?"
    r"(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$"
)
"""The expression that https://semver.org suggests."""
_VERSION: Final = re.compile(_SEMVER, re.ASCII)


def _semver(text: str) -> str:
    if not _VERSION.match(text) or text.endswith("\n"):
        raise ValueError(f"{text!r} is no semantic version; expected MAJOR.MINOR.PATCH, perhaps with -rc.1 or +build.5")
    return text


SemVer = Annotated[str, AfterValidator(_semver), WithJsonSchema({"type": "string", "pattern": _SEMVER})]
"""A version MAJOR.MINOR.PATCH, perhaps of a pre-release or a build (Semantic Versioning 2.0.0)."""


class Model(BaseModel):
    """A strict, immutable part of a manifest: no unknown fields, no coercion; YAML names are camelCase."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    def dumped(self) -> dict[str, Any]:
        """As a property of a resource: in the names of YAML, what is not as it is by default."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """Itself, being immutable: a default value is shared, and not copied for each manifest."""
        return self


class Metadata(Model):
    """A manifest's name and what helps people find it."""

    name: Name
    description: str = ""
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)


class Manifest(Model):
    """What every kind of document has; each kind adds its `spec`."""

    api_version: Literal["datakit.infoblox.dev/v1alpha1"] = API_VERSION
    kind: str
    metadata: Metadata

    @property
    def name(self) -> str:
        """The name by which other manifests refer to this one."""
        return self.metadata.name

    @property
    def identity(self) -> str:
        """What no other manifest of its kind is: its name, and of what comes in several versions its version too."""
        return self.name
