"""What all manifests share: strict models, metadata, names."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema
from pydantic.alias_generators import to_camel

from datakit_iac.manifest.values.quantity import quantity
from datakit_iac.manifest.values.secret import reference
from datakit_iac.manifest.values.versions import SEMVER, semver

API_VERSION: Final = "datakit.infoblox.dev/v1alpha1"

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
"""A manifest's name: a lower-case letter, then up to 62 lower-case letters, digits and hyphens."""


SemVer = Annotated[str, AfterValidator(semver), WithJsonSchema({"type": "string", "pattern": SEMVER})]
"""A version MAJOR.MINOR.PATCH, perhaps of a pre-release or a build (Semantic Versioning 2.0.0)."""


SecretReference = Annotated[str, AfterValidator(reference)]
"""``${VARIABLE}``: the value comes from the environment of the process, as late as possible."""


def _day(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{value!r} is not a day; expected one such as 2024-01-31") from None


Day = Annotated[date, BeforeValidator(_day)]
"""A day, where its text may stand for it."""


def _label(value: object) -> object:
    """The text of a label, where YAML reads another value: ``true``, ``2024``, ``2024-01-31``, nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (int, float, date)) else value


Quantity = Annotated[str, AfterValidator(quantity)]
"""A quantity as Kubernetes writes it: a number, and perhaps ``m``, ``k``, ``M``, ``Gi``, ``e3`` and the like."""


Label = Annotated[str, BeforeValidator(_label, json_schema_input_type=str | bool | int | float | None)]
"""The value of a label or an annotation: free text."""


def nothing() -> list[Any]:
    """What is in a list that a manifest leaves out; pydantic would need long to find the signature of `list` itself."""
    return []


def number_as_text(value: object) -> object:
    """Text, where a number may stand for it, as Kubernetes does: ``cpu: 2`` is ``cpu: "2"``."""
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def several(value: object) -> object:
    """A list, where one text may stand for a list of it."""
    return [value] if isinstance(value, str) else value


def repeated(names: Sequence[str]) -> list[str]:
    """The names that occur several times."""
    if len({*names}) == len(names):
        return []
    return sorted(name for name, count in Counter(names).items() if count > 1)


class Model(BaseModel):
    """A strict, immutable part of a manifest: no unknown fields, no coercion; YAML names are camelCase."""

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        # What a value is, findings say where it is not a secret.
        hide_input_in_errors=True,
        # Most commands meet manifests of a few kinds; the parts of a kind are built with it.
        defer_build=True,
    )

    @classmethod
    def blank(cls) -> Self:
        """One that says nothing, for a default value: unlike `cls()` it builds no schema, which takes milliseconds."""
        return cast("Self", cls.model_construct())

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


class Manifest(Model):
    """What every kind of document has; each kind adds its `spec`."""

    api_version: Literal["datakit.infoblox.dev/v1alpha1"] = API_VERSION
    kind: str
    metadata: Metadata

    if TYPE_CHECKING:  # each kind has a model of its own for it
        spec: Any

    @property
    def name(self) -> str:
        """The name by which other manifests refer to this one."""
        return self.metadata.name

    @property
    def identity(self) -> str:
        """What no other manifest of its kind is: its name, and of what comes in several versions its version too."""
        return self.name

    @classmethod
    def whole(cls) -> "type[Manifest]":
        """The model with what other packages describe of it: for JSON Schema, documentation and hints."""
        return cls
