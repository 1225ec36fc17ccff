"""Values for the fields of a DataSet that a test does not name: one that is added is sent, and tried, by itself."""

from __future__ import annotations

import typing
from collections.abc import Iterable
from typing import Any, Literal

from datakit_iac.contract.properties import keyword
from datakit_iac.contract.shapes import DataSet
from datakit_iac.manifest.models.dataset import TopicSettings
from datakit_iac.resources.dataset_arguments import DataSetArguments

_VALUES: dict[Any, Any] = {
    str: "text",
    bool: True,
    list[str]: ["text"],
    dict[str, Any]: {"name": "text"},
    TopicSettings: {"partitions": 3, "config": {"max.message.bytes": "2000000"}},
}
_OF_FILES = {"partition_by"}
"""What is allowed with a prefix and its columns only."""


def further(named: Iterable[str]) -> dict[str, Any]:
    """A right value of each argument that is not named."""
    hints = typing.get_type_hints(DataSet)
    fields = {keyword(name, DataSet): name for name in DataSet.model_fields}
    return {
        name: _value(hints[fields[name]]) for name in DataSetArguments.__annotations__.keys() - {*named} - _OF_FILES
    }


def _value(hint: Any) -> Any:
    if hint in _VALUES:
        return _VALUES[hint]
    within = typing.get_args(hint)
    return within[0] if typing.get_origin(hint) is Literal else _value(within[0])
