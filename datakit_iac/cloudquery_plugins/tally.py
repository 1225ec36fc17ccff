"""What the events of a run add up to: the rows of each table that were committed, and what people should know."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from datakit_iac.cloudquery_plugins.events import Event


class Tally:
    """The events of one run so far.

    Args:
        names: the DataSet's name for each table.
        progress: shows one short line.

    Attributes:
        notes: what people should know.
    """

    def __init__(self, names: Mapping[str, str], progress: Callable[[str], None]) -> None:
        self._names, self._progress = names, progress
        self._rows: dict[str, int] = {}
        self.notes: list[str] = []

    def take(self, event: Event) -> bool:
        """Take one event; False for one that says what went wrong, which its reader must see to."""
        match event.kind:
            case "progress":
                name = self._names.get(event.table)
                self._progress(f"{name} {event.rows:,} rows" if name else event.message)
            case "result":
                self._rows[event.table] = event.rows
            case "note":
                self.notes.append(event.message)
            case _:
                return False
        return True

    @property
    def missing(self) -> list[str]:
        """The DataSets of which no rows were committed."""
        return [name for table, name in self._names.items() if table not in self._rows]

    @property
    def counts(self) -> dict[str, int]:
        """The rows of each DataSet, once none is missing."""
        return {name: self._rows[table] for table, name in self._names.items()}
