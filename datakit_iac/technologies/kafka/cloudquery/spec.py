"""The spec of both plugins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from datakit_iac.cloudquery_plugins.quarantine import Quarantine
from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.values.types import DataType
from datakit_iac.manifest.values.write_mode import APPEND
from datakit_iac.technologies.kafka.schemas import Form

_SPEC: Final = {"connection", "tables", "write_mode", "source", "run"}
_TABLE: Final = {"name", "topic", "dataset", "format", "columns", "quarantine"}


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A table and its topic.

    Attributes:
        name: the table's.
        topic: the topic's whole name.
        dataset: the DataSet that people know the topic by.
        form: how messages are written.
        columns: the contract's.
        quarantine: what becomes of messages that do not fit; None where they fail the sync.
    """

    name: str
    topic: str
    dataset: str
    form: Form
    columns: tuple[Column, ...]
    quarantine: Quarantine | None = None

    @property
    def key(self) -> tuple[Column, ...]:
        """The columns of the primary key."""
        return tuple(column for column in self.columns if column.primary_key)


@dataclass(frozen=True, slots=True)
class KafkaSpec:
    """What is read or written; see the package's docstring."""

    connection: Mapping[str, Any]
    tables: tuple[TopicSpec, ...]
    write_mode: str = APPEND
    source: str = ""
    run: str = ""

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> KafkaSpec:
        """Read a spec.

        Raises:
            PluginFault: something is missing, unknown or of the wrong kind.
        """
        _known("the spec", document, _SPEC)
        try:
            return cls(
                document["connection"],
                tuple(map(_table, document["tables"])),
                document.get("write_mode", APPEND),
                document.get("source", ""),
                document.get("run", ""),
            )
        except (KeyError, TypeError, ValueError) as fault:
            raise PluginFault(f"the spec of the plugin is not complete: {type(fault).__name__}: {fault}") from fault


def _table(document: Mapping[str, Any]) -> TopicSpec:
    _known("a table", document, _TABLE)
    return TopicSpec(
        document["name"],
        document["topic"],
        document.get("dataset") or document["name"],
        cast("Form", document.get("format") or "json"),
        tuple(map(_column, document.get("columns") or ())),
        Quarantine(**document["quarantine"]) if document.get("quarantine") else None,
    )


def _column(document: Mapping[str, Any]) -> Column:
    return Column(
        name=document["name"],
        type=DataType.parse(document["type"]),
        nullable=not document.get("required"),
        primary_key=bool(document.get("key")),
    )


def _known(what: str, document: Mapping[str, Any], names: set[str]) -> None:
    if unknown := sorted(set(document) - names):
        raise PluginFault(f"{what} has unknown fields {', '.join(unknown)}; expected {', '.join(sorted(names))}")
