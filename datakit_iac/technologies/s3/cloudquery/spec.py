"""The spec of the destination."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast

from datakit_iac.cloudquery_plugins.columns import DeclaredColumn
from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.manifest.values.write_mode import APPEND, WRITE_MODES
from datakit_iac.technologies.files.cloudquery.spec import TableSpec
from datakit_iac.technologies.s3.layouts import CSV, FORMATS

Format = Literal["parquet", "csv", "json"]
_FIELDS: Final = {"store", "secrets", "write_mode", "source", "run", "outputs", "threads"}


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """What a prefix is for.

    Attributes:
        dataset: the DataSet that people know it by.
        table: how its objects are read: their columns and format, and the options of CSV.
        partition_by: the columns by whose values objects are kept apart.
        retention: how long they are kept.
        tags: of each object, as a request has them.
        writers: the sources that write it; None where not known.
        quarantine: whether it takes what cannot be loaded.
    """

    dataset: str
    table: TableSpec
    partition_by: tuple[str, ...] = ()
    retention: str = ""
    tags: str = ""
    writers: tuple[str, ...] | None = None
    quarantine: bool = False

    @property
    def format(self) -> Format:
        """How its objects are written."""
        return cast("Format", self.table.format)

    @property
    def columns(self) -> tuple[DeclaredColumn, ...]:
        """Those of the contract."""
        return self.table.columns


@dataclass(frozen=True, slots=True)
class LoadSpec:
    """Where rows go; see the package's docstring."""

    store: Mapping[str, Any]
    secrets: Mapping[str, str]
    write_mode: str
    source: str = ""
    run: str = ""
    threads: int = 2
    outputs: Mapping[str, OutputSpec] = field(default_factory=dict)

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> LoadSpec:
        """Read the plugin's spec.

        Raises:
            PluginFault: a field is missing, unknown or of the wrong kind.
        """
        if unknown := sorted(set(document) - _FIELDS):
            raise PluginFault(f"the spec of the destination has unknown fields {', '.join(unknown)}")
        store, mode = document.get("store") or {}, document.get("write_mode", APPEND)
        if not store.get("bucket"):
            raise PluginFault("the spec of the destination names no bucket; expected store: {bucket: …}")
        if mode not in WRITE_MODES:
            raise PluginFault(f"write_mode is {mode!r}; expected one of {', '.join(WRITE_MODES)}")
        return cls(
            store=store,
            secrets=document.get("secrets") or {},
            write_mode=mode,
            source=document.get("source", ""),
            run=document.get("run", ""),
            threads=int(document.get("threads", 2)),
            outputs={prefix: _output(prefix, each) for prefix, each in (document.get("outputs") or {}).items()},
        )


def _output(prefix: str, document: Mapping[str, Any]) -> OutputSpec:
    dataset, wanted = document["dataset"], document.get("format") or "parquet"
    if wanted not in FORMATS:
        raise PluginFault(f"{dataset}: format {wanted} cannot be written; expected one of {', '.join(FORMATS)}")
    options = document.get("csv") or {}
    if wanted == "csv" and (others := sorted(set(options) - CSV)):
        raise PluginFault(
            f"{dataset}: CSV is not written with {', '.join(others)}; leave that out for a DataSet that is loaded, or"
            " let it be parquet"
        )
    writers = document.get("writers")
    table = {"name": prefix, "path": prefix, "format": wanted, "columns": document.get("columns"), **options}
    return OutputSpec(
        dataset=dataset,
        table=TableSpec.parse(table),
        partition_by=tuple(document.get("partition_by") or ()),
        retention=document.get("retention") or "",
        tags=document.get("tags") or "",
        writers=None if writers is None else tuple(writers),
        quarantine=bool(document.get("quarantine")),
    )
