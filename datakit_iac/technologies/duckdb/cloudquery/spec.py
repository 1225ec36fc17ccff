"""The spec of the destination."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from datakit_iac.cloudquery_plugins.servicers import PluginFault

MODES: Final = ("append", "overwrite", "overwrite-delete-stale")
_FIELDS: Final = ("path", "lock_timeout", "write_mode", "threads", "source", "run", "outputs")
_LOCK_TIMEOUT: Final = 60.0


class Check(NamedTuple):
    """A test of a contract: its name, its subject, and the SQL that counts the rows that fail it."""

    name: str
    subject: str
    query: str


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """What a table is for.

    Attributes:
        dataset: the DataSet that people know it by.
        writers: the sources that write it, this one among them; rows of others are stale. None where not known.
        tests: must pass before the rows are committed.
        quarantine: whether it takes what cannot be loaded; then it tells of the last sync alone, unless all is
            appended.
    """

    dataset: str
    writers: tuple[str, ...] | None = None
    tests: tuple[Check, ...] = ()
    quarantine: bool = False


@dataclass(frozen=True, slots=True)
class DuckDBSpec:
    """Where rows go; see the package's docstring."""

    path: Path
    lock_timeout: float = _LOCK_TIMEOUT
    write_mode: str = ""
    threads: int = 2
    source: str = ""
    run: str = ""
    outputs: Mapping[str, OutputSpec] = field(default_factory=dict)

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> DuckDBSpec:
        """Read the plugin's spec.

        Raises:
            PluginFault: a field is missing, unknown or of the wrong kind.
        """
        if unknown := sorted(set(document) - set(_FIELDS)):
            raise PluginFault(
                f"the spec of the destination has unknown fields {', '.join(unknown)}; expected {', '.join(_FIELDS)}"
            )
        path, mode = document.get("path"), document.get("write_mode", "")
        if not isinstance(path, str) or not path:
            raise PluginFault(f"the destination's path is {path!r}; expected the path of a DuckDB file")
        if mode and mode not in MODES:
            raise PluginFault(f"write_mode is {mode!r}; expected one of {', '.join(MODES)}")
        timeout = float(document.get("lock_timeout", _LOCK_TIMEOUT))
        return cls(
            path=Path(path),
            lock_timeout=timeout,
            write_mode=mode,
            threads=int(document.get("threads", 2)),
            source=document.get("source", ""),
            run=document.get("run", ""),
            outputs={table: _output(table, each) for table, each in (document.get("outputs") or {}).items()},
        )


def _output(table: str, document: Mapping[str, Any]) -> OutputSpec:
    try:
        writers = document.get("writers")
        tests = tuple(Check(*each) for each in document.get("tests") or ())
        quarantine = bool(document.get("quarantine"))
        return OutputSpec(document["dataset"], None if writers is None else tuple(writers), tests, quarantine)
    except (AttributeError, KeyError, TypeError) as fault:
        raise PluginFault(
            f"outputs: {table} is {document!r}; expected dataset, writers and tests of [test, subject, query]"
        ) from fault
