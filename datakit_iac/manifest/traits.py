"""What parts of manifests tell beyond their fields, for the models and for `records` alike.

Nothing here imports pydantic: a project that is right is read without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, get_args

from datakit_iac.manifest.values.versions import satisfies

if TYPE_CHECKING:
    from datakit_iac.manifest.models.common import Metadata
    from datakit_iac.manifest.models.connector import ConnectorSpec, FieldType
    from datakit_iac.manifest.models.dataset import AcceptedValues, DataSetSpec, Relationships
    from datakit_iac.manifest.models.environment import ApprovalMode, BindingSection, EnvironmentSpec

Tier = Literal["bronze", "silver", "gold"]
_TIERS: Final[tuple[Tier, ...]] = get_args(Tier)

AT_LEAST: Final[dict[ApprovalMode, int]] = {"auto-merge": 0, "team": 1, "multi-party": 2}
"""How many people other than the author must agree, whatever else is asked for."""

_PYTHON: Final[dict[str, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "list": (list,),
    "mapping": (Mapping,),
}
_PLACEHOLDER: Final = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")


class Named:
    """A manifest, known by its name."""

    if TYPE_CHECKING:
        metadata: Metadata

    @property
    def name(self) -> str:
        """The name by which other manifests refer to this one."""
        return self.metadata.name

    @property
    def identity(self) -> str:
        """What no other manifest of its kind is: its name, and of what comes in several versions its version too."""
        return self.name


class Versioned(Named):
    """A Connector, known by its name and version."""

    if TYPE_CHECKING:
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
        """Whether it has a version, and that lies in a range; every Connector does where the range is empty.

        Raises:
            ValueError: the constraint is no range.
        """
        return not constraint or (self.version is not None and satisfies(self.version, constraint))


class Fillable:
    """A field of a connection, which Stores fill."""

    if TYPE_CHECKING:
        type: FieldType | None
        default: object
        optional: bool

    @property
    def required(self) -> bool:
        """Whether a Store must give it."""
        return not self.optional and self.default is None

    def fits(self, value: object) -> bool:
        """Whether a value is of the field's type; any is, where the field has none."""
        if self.type is None:
            return True
        return isinstance(value, _PYTHON[self.type]) and (self.type == "boolean" or not isinstance(value, bool))


class Templated:
    """A tool whose words stand on the fields of a connection."""

    if TYPE_CHECKING:
        command: list[str]
        template: str

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The fields of the connection that its command or template stands on, in their order."""
        return tuple(name for text in (*self.command, self.template) for name in _PLACEHOLDER.findall(text))


class Asking:
    """A test, of a column or of all rows."""

    if TYPE_CHECKING:
        unique: bool
        not_null: bool
        accepted_values: AcceptedValues | None
        relationships: Relationships | None

    @property
    def of_column(self) -> bool:
        """Whether it asks something of one column's values, so that it means nothing without a column."""
        return bool(self.unique or self.not_null or self.accepted_values or self.relationships)


class Contract(Named):
    """A DataSet, which says some things in its spec or beside its name."""

    if TYPE_CHECKING:
        spec: DataSetSpec

    @property
    def tier(self) -> Tier | None:
        """The tier, of the spec or else of the label `tier` where that says one; any other text is just a label."""
        label = self.metadata.labels.get("tier")
        return self.spec.tier or next((each for each in _TIERS if each == label), None)

    @property
    def version(self) -> str | None:
        """The version, of the spec or else of the metadata."""
        return self.spec.version or self.metadata.version

    @property
    def description(self) -> str:
        """The description, of the spec or else of the metadata."""
        return self.spec.description or self.metadata.description


class Agreed:
    """Who must agree before something is applied."""

    if TYPE_CHECKING:
        mode: ApprovalMode
        required: int | None

    @property
    def needed(self) -> int:
        """How many people other than the author must agree."""
        return max(AT_LEAST[self.mode], self.required or 0) if self.mode != "auto-merge" else 0


class Options:
    """A binding, whose further fields are the options of a connection."""

    if TYPE_CHECKING:

        @property
        def model_extra(self) -> dict[str, Any] | None: ...  # noqa: D102  # described by pydantic

    @property
    def connection(self) -> dict[str, Any]:
        """The options of the connection: every field that is not one of the binding's own."""
        return dict(self.model_extra or {})


class Bound(NamedTuple):
    """A binding, and where it stands.

    Attributes:
        path: the fields that lead to it.
        key: as it is written.
        binding: what it says.
    """

    path: tuple[str, ...]
    key: str
    binding: BindingSection

    @property
    def name(self) -> str:
        """The Store or DataSet: no name has an underscore, so `_` in a key stands for `-`."""
        return self.key.replace("_", "-")


class Bindings(Named):
    """An Environment, which says what names mean in it."""

    if TYPE_CHECKING:
        spec: EnvironmentSpec
        bindings: dict[str, BindingSection]

    def bound(self) -> Iterator[Bound]:
        """Every binding, those at the top level first."""
        for path, bindings in ((("bindings",), self.bindings), (("spec", "bindings"), self.spec.bindings)):
            for key, binding in bindings.items():
                yield Bound((*path, key), key, binding)
