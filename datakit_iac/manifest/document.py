"""What all manifests share: strict models, metadata, names."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

API_VERSION: Final = "datakit.infoblox.dev/v1alpha1"

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
"""A manifest's name: a lower-case letter, then up to 62 lower-case letters, digits and hyphens."""


def _semver(text: str) -> str:
    from packaging.version import InvalidVersion, Version

    try:
        release = Version(text).release
    except InvalidVersion as fault:
        raise ValueError(f"{text!r} is no version; expected MAJOR.MINOR.PATCH") from fault
    if len(release) != 3:
        raise ValueError(f"{text!r} is no semantic version; expected MAJOR.MINOR.PATCH")
    return text


SemVer = Annotated[str, AfterValidator(_semver)]
"""A version MAJOR.MINOR.PATCH (Semantic Versioning 2.0.0, section 2)."""


class Model(BaseModel):
    """A strict, immutable part of a manifest: no unknown fields, no coercion; YAML names are camelCase."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


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
