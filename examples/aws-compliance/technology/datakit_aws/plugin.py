"""The CloudQuery source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from datakit_aws.tables import TABLES
from datakit_iac.sdk.cloudquery import DeclaredColumn
from datakit_iac.sdk.cloudquery_plugins import PluginFault, SourceServicer, run, serve

if TYPE_CHECKING:
    from datakit_iac.sdk.cloudquery_plugins import RowSource


def main() -> None:
    """The console script `datakit-source-aws`."""
    run(lambda: serve("datakit-source-aws", SourceServicer("aws", "1.0.0", opened), "datakit_aws.inventory"))


def opened(spec: Mapping[str, Any]) -> RowSource:
    """The source of a spec.

    Raises:
        PluginFault: a contract declares a column that its table lacks, or the Transform has a quarantine.
    """
    from datakit_iac.sdk.cloudquery_plugins import RowSource, RowTable

    if spec.get("quarantine"):
        raise PluginFault("aws has no records that do not fit; leave the quarantine out of the Transform")
    columns = {table["name"]: [*map(DeclaredColumn.parse, table["columns"])] for table in spec["tables"]}
    faults = [
        f"{table['name']}: {table['reads']} has no column {column.name}; its columns are"
        f" {', '.join(TABLES[table['reads']].types)}"
        for table in spec["tables"]
        for column in columns[table["name"]]
        if column.name not in TABLES[table["reads"]].types
    ]
    if faults:
        raise PluginFault("\n".join(faults))
    reading = _Reading(spec)
    tables = [RowTable(each["name"], columns[each["name"]], reading.of(each["reads"])) for each in spec["tables"]]
    return RowSource(tables)


class _Reading:
    """All tables, read when the first is asked for: what prevents reading one is reported before a row moves."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self._spec = spec

    def of(self, table: str) -> Any:
        def rows() -> Iterable[Mapping[str, Any]]:
            return self._rows[table]

        return rows

    @cached_property
    def _rows(self) -> Mapping[str, Iterable[Mapping[str, Any]]]:
        from datakit_aws.connection import AwsConnection
        from datakit_aws.inventory import IncompleteError, Inventory

        connection = AwsConnection.model_validate(self._spec["connection"])
        try:
            return Inventory(connection).read(dict.fromkeys(table["reads"] for table in self._spec["tables"]))
        except IncompleteError as fault:
            raise PluginFault(str(fault)) from fault
