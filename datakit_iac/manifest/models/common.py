"""What all manifests share: strict models, metadata, names."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema
from pydantic.alias_generators import to_camel

from datakit_iac.manifest import rules
from datakit_iac.manifest.traits import Named
from datakit_iac.manifest.values.secret import reference
from datakit_iac.manifest.values.versions import SEMVER, semver

API_VERSION: Final = "datakit.infoblox.dev/v1alpha1"

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
"""A manifest's name: a lower-case letter, then up to 62 lower-case letters, digits and hyphens."""


SemVer = Annotated[str, AfterValidator(semver), WithJsonSchema({"type": "string", "pattern": SEMVER})]
"""A version MAJOR.MINOR.PATCH, perhaps of a pre-release or a build (Semantic Versioning 2.0.0)."""


SecretReference = Annotated[str, AfterValidator(reference)]
"""``${VARIABLE}``: the value comes from the environment of the process, as late as possible."""


Label = Annotated[str, BeforeValidator(rules.label, json_schema_input_type=str | bool | int | float | None)]
"""The value of a label or an annotation: free text."""


class Model(BaseModel):
    """A strict, immutable part of a manifest: no unknown fields, no coercion; YAML names are camelCase."""

    model_config = ConfigDict(
        strict=True,
        defer_build=True,
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        # What a value is, findings say where it is no secret.
        hide_input_in_errors=True,
    )

    def dumped(self) -> dict[str, Any]:
        """As a property of a resource: in the names of YAML, what is not as it is by default."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """Itself, being immutable: a default value is shared, and not copied for each manifest."""
        return self


class Metadata(Model):
    """A manifest's name and what helps people find it."""

    name: Name
    namespace: str = ""
    version: SemVer | None = None
    description: str = ""
    labels: dict[str, Label] = Field(default_factory=dict)
    annotations: dict[str, Label] = Field(default_factory=dict)


class Manifest(Named, Model):
    """What every kind of document has; each kind adds its `spec`."""

    api_version: Literal["datakit.infoblox.dev/v1alpha1"] = API_VERSION
    kind: str
    metadata: Metadata
