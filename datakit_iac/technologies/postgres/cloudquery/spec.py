"""The specs of the destination and of the source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.sql.loading.spec import LoadSpec, read

_SOURCE: Final = ("tables", "quarantine", "batch_rows")


@dataclass(frozen=True, slots=True)
class PostgresSpec(LoadSpec):
    """Where rows go; see the package's docstring."""

    connection: Mapping[str, Any]

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> PostgresSpec:
        """Read the spec of the destination.

        Raises:
            PluginFault: a field is missing, unknown or of the wrong kind.
        """
        return cls(connection(document), **read(document, ("connection",)))


def connection(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields of a `PostgresConnection`, secrets among them, by the names that manifests use.

    Raises:
        PluginFault: they do not say where the database is.
    """
    found = document.get("connection")
    if not isinstance(found, Mapping) or not found.get("host") or not found.get("database"):
        raise PluginFault("the connection of Postgres lacks host or database; expected the fields of its Store")
    return found


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """A column of the contract: its name in both tables, and whether it must have values or is part of the key.

    Attributes:
        type: of the contract; None for its own.
    """

    name: str
    type: DataType | None = None
    required: bool = False
    key: bool = False


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A table that is read.

    Attributes:
        name: the table that its rows are for.
        connection: the fields of a `PostgresConnection`, secrets among them.
        table: the table or view itself, with or without a schema.
        columns: what is read; all of it where nothing is said.
    """

    name: str
    connection: Mapping[str, Any]
    table: str
    columns: tuple[SourceColumn, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """What is read.

    Attributes:
        tables: in their order.
        quarantine: the table for what does not fit; of a database nothing comes into it.
        batch_rows: the greatest number of rows in a batch.
    """

    tables: tuple[SourceTable, ...]
    quarantine: str = ""
    batch_rows: int = 50_000

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> SourceSpec:
        """Read the spec of the source.

        Raises:
            PluginFault: a field is missing, unknown or of the wrong kind.
        """
        if unknown := sorted(set(document) - set(_SOURCE)):
            raise PluginFault(
                f"the spec of the source has unknown fields {', '.join(unknown)}; expected {', '.join(_SOURCE)}"
            )
        tables = tuple(_table(each) for each in document.get("tables") or ())
        if not tables:
            raise PluginFault("the spec of the source has no tables; expected a list with a name and a table each")
        given = {name: document[name] for name in ("quarantine", "batch_rows") if name in document}
        return cls(tables, **given)


def _table(document: Mapping[str, Any]) -> SourceTable:
    try:
        columns = (SourceColumn(**{**each, "type": DataType.parse(each["type"])}) for each in document["columns"])
        return SourceTable(document["name"], connection(document), document["table"], tuple(columns))
    except (KeyError, TypeError, ValueError) as fault:
        raise PluginFault(f"tables: {document!r}: {fault}; expected name, connection, table and columns") from fault
