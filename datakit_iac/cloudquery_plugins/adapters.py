"""What the Runtime `cloudquery` asks of a technology: which plugin serves it, and the spec of that plugin.

A technology has an adapter for each side that it can be on, found by an entry point of the technology's name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol, runtime_checkable

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet

SOURCES: Final = "datakit.cloudquery.sources"
DESTINATIONS: Final = "datakit.cloudquery.destinations"


class Pair(NamedTuple):
    """An input and the output its rows are for."""

    source: BoundDataSet
    target: BoundDataSet


class Quarantine(NamedTuple):
    """Where records go that cannot be loaded, and how many of each table may; None for any number."""

    target: BoundDataSet
    max: str | None


@dataclass(frozen=True, slots=True)
class Sync:
    """What is moved, and how.

    Attributes:
        pairs: inputs and outputs, in the order of the manifest.
        write_mode: ``overwrite-delete-stale``, ``overwrite`` or ``append``.
        transform: the Transform's name, which is that of the source of its rows.
        run: the same where the same Run is tried again.
        quarantine: what becomes of records that cannot be loaded; None where they fail the Run.
    """

    pairs: tuple[Pair, ...]
    write_mode: str
    transform: str = ""
    run: str = ""
    quarantine: Quarantine | None = None

    @property
    def targets(self) -> tuple[BoundDataSet, ...]:
        """All that is written."""
        return (*(pair.target for pair in self.pairs), *([self.quarantine.target] if self.quarantine else ()))


class Destination(Protocol):
    """How rows get into a technology.

    Attributes:
        executable: the plugin's program, found beside the running Python or on PATH.
    """

    executable: str

    def spec(self, sync: Sync) -> Mapping[str, Any]:
        """The plugin's own spec; secrets stay `Secret` objects in it."""


@runtime_checkable
class Refuses(Protocol):
    """A destination that cannot write all that may be asked for, and says so before anything runs."""

    def faults(self, sync: Sync) -> Sequence[str]:
        """What it cannot do of a sync, each one sentence."""


@runtime_checkable
class WrittenByOthers(Protocol):
    """A destination whose rows are seen as they are written, so that plugins of others can write it, too."""

    def others(self, targets: Sequence[BoundDataSet]) -> Mapping[str, Any]:
        """The spec of CloudQuery's own plugin, which writes each table by its name without a schema.

        Raises:
            ValueError: one such spec cannot say where all of them are.
        """


@runtime_checkable
class ReadByOthers(Protocol):
    """A source whose connection says all that plugins of others need to find it."""

    def others(self, connection: Connection) -> Mapping[str, Any]:
        """The spec of CloudQuery's own plugin; secrets stay `Secret` objects in it."""


class Source(Protocol):
    """How rows get out of a technology.

    Attributes:
        executable: the plugin's program, found beside the running Python or on PATH.
        reading: the options of a connection that decide how values are read.
    """

    executable: str
    reading: frozenset[str]

    def spec(self, sync: Sync) -> Mapping[str, Any]:
        """The plugin's own spec; secrets stay `Secret` objects in it."""

    def missing(self, dataset: BoundDataSet) -> Sequence[str]:
        """What a DataSet lacks on this machine, each one sentence."""


@runtime_checkable
class SignsIn(Protocol):
    """An adapter whose plugin finds its credentials itself, as the SDK of its technology does.

    Attributes:
        variables: the variables of the caller's environment by which it does so. The plugin is given those that are
            set. They say who reads or writes, not what, so they are not part of a definition.
    """

    variables: frozenset[str]


@runtime_checkable
class Opens(Protocol):
    """An adapter whose plugin also works within a process that is none of CloudQuery's, as a function's.

    Attributes:
        opens: ``module:name`` of what makes of a spec the `Source` or `Destination` that the plugin serves; it raises
            `PluginFault` where it cannot.
    """

    opens: str
