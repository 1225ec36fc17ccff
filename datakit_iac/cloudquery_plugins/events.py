"""What a plugin tells the Runtime: JSON lines on stdout, which are also log lines for the CLI that starts a plugin."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

Kind = Literal["progress", "note", "result", "error", "ended"]
_FIELD: Final = "datakit"
_writing = threading.Lock()


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    Attributes:
        kind: ``progress`` (rows so far of a table), ``note`` (what people should know), ``result`` (rows of a table
            that were committed), ``error`` (why the sync fails), ``ended`` (a plugin ended before its time).
        message: the same for people.
        table: the table it is about, if any.
        rows: how many, for progress and result.
    """

    kind: Kind
    message: str
    table: str = ""
    rows: int = 0

    def line(self) -> str:
        """One line of JSON."""
        level = "error" if self.kind in ("error", "ended") else "info"
        details = {"kind": self.kind, "table": self.table, "rows": self.rows}
        return json.dumps({"level": level, "message": self.message, _FIELD: details})


def emit(event: Event) -> None:
    """Print the event."""
    with _writing:
        sys.stdout.write(event.line() + "\n")
        sys.stdout.flush()


def read(line: str) -> Event | None:
    """The event of a line; None where the line is not an event.

    >>> read(Event("progress", "flights 5 rows", "flights", 5).line())
    Event(kind='progress', message='flights 5 rows', table='flights', rows=5)
    >>> read("Loading spec(s)") is None
    True
    """
    if not (line.startswith("{") and f'"{_FIELD}"' in line):
        return None
    try:
        document = json.loads(line)
        details: Mapping[str, Any] = document[_FIELD]
        return Event(details["kind"], document["message"], details["table"], details["rows"])
    except (ValueError, KeyError, TypeError):
        return None
