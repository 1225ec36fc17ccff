"""The specs of the destination and of the source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.technologies.sql.loading.spec import LoadSpec, read


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
