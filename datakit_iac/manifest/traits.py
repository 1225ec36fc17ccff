"""What parts of manifests tell beyond their fields, for the models and for records (`compiled`) alike.

Nothing here imports pydantic: a project that is right is read without it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from datakit_iac.manifest.versions import satisfies

if TYPE_CHECKING:
    from datakit_iac.manifest.connector import ConnectorSpec, FieldType
    from datakit_iac.manifest.dataset import AcceptedValues, DataSetSpec, Relationships
    from datakit_iac.manifest.document import Metadata

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
        return f"{self.name}@{self.spec.version}" if self.spec.version else self.name

    def is_within(self, constraint: str) -> bool:
        """Whether it has a version, and that lies in a range; every Connector does where the range is empty.

        Raises:
            ValueError: the constraint is no range.
        """
        return not constraint or (self.spec.version is not None and satisfies(self.spec.version, constraint))


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
    def tier(self) -> str | None:
        """The tier, of the spec or else of the label `tier`."""
        return self.spec.tier or self.metadata.labels.get("tier")

    @property
    def description(self) -> str:
        """The description, of the spec or else of the metadata."""
        return self.spec.description or self.metadata.description
