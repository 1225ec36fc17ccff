"""The spec of the destination."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.technologies.sql.loading.spec import LoadSpec, read


@dataclass(frozen=True, slots=True)
class SnowflakeSpec(LoadSpec):
    """Where rows go; see the package's docstring.

    Attributes:
        connection: the fields of a `SnowflakeConnection`, secrets among them, by the names that manifests use.
    """

    connection: Mapping[str, Any]

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> SnowflakeSpec:
        """Read the spec.

        Raises:
            PluginFault: a field is missing, unknown or of the wrong kind.
        """
        found = document.get("connection")
        if not isinstance(found, Mapping) or not found.get("account") or not found.get("database"):
            raise PluginFault("the connection of Snowflake lacks account or database; expected the fields of its Store")
        return cls(found, **read(document, ("connection",)))
