"""Rows between prefixes of a bucket and tables of a DuckDB file, by our own source and destination."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import duckdb

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.cloudquery_plugins.adapters import Pair, Sync
from datakit_iac.cloudquery_plugins.events import Event
from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.cloudquery_plugins.types import from_arrow, plain, to_arrow
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.manifest.values.types import DataType
from datakit_iac.manifest.values.write_mode import DELETE_STALE
from datakit_iac.technologies.duckdb.types import find, write
from datakit_iac.technologies.s3.cloudquery.adapter import S3DestinationAdapter, S3SourceAdapter
from datakit_iac.technologies.s3.cloudquery.load import Load
from datakit_iac.technologies.s3.cloudquery.source import S3Source
from datakit_iac.technologies.s3.cloudquery.spec import LoadSpec
from datakit_iac.technologies.sql.names import quoted
from datakit_iac.technologies.technology import StoreError

_INCOMING: Final = "datakit_incoming"
_ROWS: Final = 100_000


def fetch(datasets: Sequence[BoundDataSet], database: Path) -> list[str]:
    """Put the rows of each DataSet into a table of its name; notes of the source.

    Raises:
        StoreError: they cannot be read, or are not as their contracts say.
    """
    told: list[Event] = []
    with _open(database) as connection:
        for dataset in datasets:
            target = replace(dataset, place=Place(table=_name(dataset)))
            spec = in_clear(S3SourceAdapter().spec(Sync((Pair(dataset, target),), DELETE_STALE)))
            source = S3Source(spec, told.append)
            try:
                schema = wire.decode_schema(source.tables()[0])
                columns = ", ".join(f"{quoted(each.name)} {write(from_arrow(each.type))}" for each in schema)
                connection.execute(f"CREATE TABLE {quoted(_name(dataset))} ({columns})")
                for batch in (each for data in source.batches() for each in wire.decode_batches(data)):
                    connection.register(_INCOMING, plain(batch))
                    connection.execute(f"INSERT INTO {quoted(_name(dataset))} SELECT * FROM {_INCOMING}")
                    connection.unregister(_INCOMING)
            finally:
                source.close()
    return [each.message for each in told if each.kind == "note"]


def publish(datasets: Sequence[BoundDataSet], database: Path, transform: str, run: str) -> list[str]:
    """Make the rows of each table those of its DataSet, all of them once all could be written; notes of the loads.

    Raises:
        StoreError: a table is not as its contract says, or cannot be written.
    """
    told: list[Event] = []
    loads: list[Load] = []
    with _open(database) as connection:
        try:
            for dataset in datasets:
                sync = Sync((Pair(dataset, dataset),), DELETE_STALE, transform, run)
                loads.append(Load(LoadSpec.parse(in_clear(S3DestinationAdapter().spec(sync))), told.append))
                _send(connection, dataset, loads[-1], transform)
            while loads:
                loads[0].commit()
                loads.pop(0)
        finally:
            for load in loads:
                load.abandon()
    return [each.message for each in told if each.kind == "note"]


def _send(connection: duckdb.DuckDBPyConnection, dataset: BoundDataSet, load: Load, transform: str) -> None:
    there = connection.execute(f"DESCRIBE {quoted(_name(dataset))}").fetchall()
    found = {row[0]: find(row[1]) for row in there}
    types = _held(dataset, found)
    keys = {each.name.lower() for each in dataset.columns if each.primary_key}
    required = {each.name.lower() for each in dataset.columns if each.required}
    fields = [
        wire.field(name, to_arrow(kind), required=name.lower() in required, key=name.lower() in keys)
        for name, kind in types.items()
    ]
    schema = wire.table_schema(str(dataset.place), fields)
    load.migrate(wire.encode_schema(schema), force=False)
    selected = ", ".join(_selected(name, kind) for name, kind in types.items())
    rows = connection.sql(f"SELECT {selected} FROM {quoted(_name(dataset))}").to_arrow_reader(_ROWS)
    for batch in rows:
        named = batch.replace_schema_metadata({wire.TABLE_NAME: str(dataset.place).encode()})
        load.insert(wire.encode_batch(named))
    load.delete_stale(str(dataset.place), transform, datetime.now(UTC))
    load.finish()


def _held(dataset: BoundDataSet, found: dict[str, DataType | None]) -> dict[str, DataType]:
    """The types that are sent, by column.

    Raises:
        PluginFault: a column is missing, or holds what its contract does not.
    """
    declared = {each.name.lower(): each.type for each in dataset.columns}
    wrong = [f"column {name} is missing" for name in declared if name not in {each.lower() for each in found}]
    types = {}
    for name, kind in found.items():
        wanted = declared.get(name.lower())
        if kind is None or (wanted and not wanted.widens(kind) and not _is_text_of(wanted, kind)):
            wrong.append(f"column {name} is {kind or 'of a type that no table has'}; the contract says {wanted}")
        else:
            types[name] = wanted or kind
    if wrong:
        raise PluginFault("\n".join([f"{dataset.name} is not as its contract says", *wrong]))
    return types


def _is_text_of(wanted: DataType, found: DataType) -> bool:
    """Whether text is checked when it is taken: as JSON, as a UUID."""
    return found.name == "string" and wanted.name in ("string", "json", "uuid")


def _selected(name: str, kind: DataType) -> str:
    return f"CAST({quoted(name)} AS VARCHAR) AS {quoted(name)}" if kind.name in ("json", "uuid") else quoted(name)


def _name(dataset: BoundDataSet) -> str:
    return dataset.name.replace("-", "_")


@contextmanager
def _open(database: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    try:
        with duckdb.connect(database, config={"autoinstall_known_extensions": False}) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            yield connection
    except (PluginFault, duckdb.Error) as fault:
        raise StoreError(str(fault)) from fault


def in_clear(value: Any) -> Any:
    """A spec as a plugin gets it; here it stays in this process."""
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, dict):
        return {name: in_clear(each) for name, each in value.items()}
    return [in_clear(each) for each in value] if isinstance(value, list) else value
