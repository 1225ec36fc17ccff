"""The part of a destination's spec that is the same for every SQL database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.manifest.values.write_mode import WRITE_MODES

_FIELDS: Final = ("write_mode", "source", "run", "outputs")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadSpec:
    """How rows are written, and what for.

    Attributes:
        write_mode: one of `WRITE_MODES`; empty where that is not said, for the CLI does not tell plugins.
        source: the source whose rows come.
        run: hexadecimal; the same where the same Run is tried again.
        outputs: what is known of a table, by its name.
    """

    write_mode: str = ""
    source: str = ""
    run: str = ""
    outputs: Mapping[str, OutputSpec] = field(default_factory=dict)


def read(document: Mapping[str, Any], own: Iterable[str] = ()) -> dict[str, Any]:
    """The fields of a `LoadSpec`, from a spec that may have others of its `own`.

    Raises:
        PluginFault: a field is unknown or of the wrong kind.
    """
    known = (*own, *_FIELDS)
    if unknown := sorted(set(document) - set(known)):
        raise PluginFault(
            f"the spec of the destination has unknown fields {', '.join(unknown)}; expected {', '.join(known)}"
        )
    mode = document.get("write_mode", "")
    if mode and mode not in WRITE_MODES:
        raise PluginFault(f"write_mode is {mode!r}; expected one of {', '.join(WRITE_MODES)}")
    return {
        "write_mode": mode,
        "source": document.get("source", ""),
        "run": document.get("run", ""),
        "outputs": {table: _output(table, each) for table, each in (document.get("outputs") or {}).items()},
    }


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
