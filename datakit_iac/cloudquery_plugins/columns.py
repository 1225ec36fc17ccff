"""The columns that a contract declares, as the spec of a source carries them to its plugin; cheap to import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datakit_iac.manifest.values.types import DataType

if TYPE_CHECKING:
    from datakit_iac.contract.dataset import BoundDataSet


@dataclass(frozen=True, slots=True)
class DeclaredColumn:
    """A column of the contract.

    >>> DeclaredColumn.parse({"name": "id", "type": "bigint", "key": True}).type
    DataType(name='bigint', parameters=(), element=None)

    Attributes:
        name: its name, in the source and in the table.
        type: what its values must be.
        required: whether a row without a value is refused.
        key: whether it is part of the primary key.
    """

    name: str
    type: DataType
    required: bool = False
    key: bool = False

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> DeclaredColumn:
        """Read what `declared` wrote.

        Raises:
            KeyError: it has no name or no type.
            ValueError: its type is unknown.
        """
        data_type = DataType.parse(document["type"])
        return cls(document["name"], data_type, bool(document.get("required")), bool(document.get("key")))


def declared(dataset: BoundDataSet) -> list[dict[str, Any]]:
    """The columns of a contract as JSON."""
    return [
        {"name": column.name, "type": str(column.type), "required": column.required, "key": column.primary_key}
        for column in dataset.columns
    ]
