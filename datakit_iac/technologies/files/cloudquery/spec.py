"""The spec of the source."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, cast

from datakit_iac.cloudquery_plugins.columns import DeclaredColumn
from datakit_iac.cloudquery_plugins.quarantine import Quarantine
from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.technologies.files import csv_options, limits

Format = Literal["csv", "json", "parquet"]
FORMATS: Final = ("csv", "json", "parquet")
THREADS: Final = 2
BATCH_ROWS: Final = 50_000
_TABLE: Final = {"name", "folder", "path", "format", "columns", "quarantine", *csv_options.OPTIONS} | limits.OPTIONS
_SPEC: Final = {"tables", "threads", "batch_rows"}


@dataclass(frozen=True, slots=True)
class TableSpec:
    """One table and where its rows are; see the package's docstring."""

    name: str
    path: str
    format: Format | None = None
    columns: tuple[DeclaredColumn, ...] = ()
    csv: csv_options.CsvOptions = field(default_factory=csv_options.CsvOptions)
    folder: str | None = None
    limits: limits.Limits = field(default_factory=limits.Limits)
    quarantine: Quarantine | None = None

    @property
    def shown(self) -> str:
        """Where its rows are, for people."""
        return self.path if self.folder is None else os.path.normpath(Path(self.folder, self.path))

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> TableSpec:
        """Read one table of the spec.

        Raises:
            PluginFault: something is missing, unknown or of the wrong kind.
        """
        _known("a table", document, _TABLE)
        for needed in ("name", "path"):
            if not isinstance(document.get(needed), str):
                raise PluginFault(f"a table's {needed} is {document.get(needed)!r}; expected text")
        name, wanted = document["name"], document.get("format")
        if wanted not in (None, *FORMATS):
            raise PluginFault(f"{name}: format {wanted!r} cannot be read; expected one of {', '.join(FORMATS)}")
        allowed, faults = limits.Limits.read(document)
        csv, wrong = csv_options.CsvOptions.read(document)
        faults += wrong
        if faults:
            raise PluginFault(f"{name}: {'; '.join(faults)}")
        return cls(
            name=name,
            folder=document.get("folder"),
            limits=allowed,
            csv=csv,
            quarantine=Quarantine(**document["quarantine"]) if document.get("quarantine") else None,
            path=document["path"],
            format=cast("Format | None", wanted),
            columns=tuple(_column(name, column) for column in document.get("columns") or ()),
        )


@dataclass(frozen=True, slots=True)
class FilesSpec:
    """All tables of a sync, and how fast they are read."""

    tables: tuple[TableSpec, ...] = field(default=())
    threads: int = THREADS
    batch_rows: int = BATCH_ROWS

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> FilesSpec:
        """Read the plugin's spec.

        Raises:
            PluginFault: it does not say what to read.
        """
        _known("the spec of the source", document, _SPEC)
        tables = document.get("tables")
        if not tables:
            raise PluginFault("the spec of the source has no tables; expected a list with a name and a path each")
        return cls(
            tables=tuple(TableSpec.parse(table) for table in tables),
            threads=int(document.get("threads", THREADS)),
            batch_rows=int(document.get("batch_rows", BATCH_ROWS)),
        )


def _column(table: str, document: Mapping[str, Any]) -> DeclaredColumn:
    try:
        return DeclaredColumn.parse(document)
    except (KeyError, ValueError) as fault:
        raise PluginFault(f"{table}: column {document.get('name', document)!r}: {fault}") from fault


def _known(what: str, document: Mapping[str, Any], names: set[str]) -> None:
    if unknown := sorted(set(document) - names):
        raise PluginFault(f"{what} has unknown fields {', '.join(unknown)}; expected {', '.join(sorted(names))}")
