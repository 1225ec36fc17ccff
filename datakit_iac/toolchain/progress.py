"""Steps that say what they do, why one waits, and for how long already.

On a terminal a step is one line that updates itself every second; elsewhere (CI, a pipe) it is a line when it
starts, one every 15 seconds, and one when it ends.
"""

from __future__ import annotations

import shutil
import sys
import threading
import time
from types import TracebackType
from typing import Final, TextIO

TITLE_WIDTH: Final = 16
_ON_TERMINAL: Final = 1.0
_ELSEWHERE: Final = 15.0


def say(title: str, outcome: str, stream: TextIO | None = None) -> None:
    """Print one finished line in the columns the steps use."""
    print(f"  {title:<{TITLE_WIDTH}} {outcome}", file=stream or sys.stderr, flush=True)


class Step:
    """One step of the set-up, shown while the `with` block runs.

    Example:
        >>> with Step("engine", "asking `pulumi version`", stream=sys.stdout) as step:
        ...     step.finish("v3.259.0")
          engine           asking `pulumi version` …
          engine           v3.259.0

    Args:
        title: What is set up, one or two words.
        doing: What happens, and why it may take a while.
        stream: Where lines go; stderr by default.
        every: Seconds between two signs of life; by default 1 on a terminal, else 15.
    """

    def __init__(self, title: str, doing: str, *, stream: TextIO | None = None, every: float | None = None) -> None:
        self._title = title
        self._doing = doing
        self._note = ""
        self._outcome = ""
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._every = every or (_ON_TERMINAL if self._terminal else _ELSEWHERE)
        self._ended = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)
        self._started = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since the step began."""
        return time.monotonic() - self._started

    def note(self, text: str) -> None:
        """Say how far it has come; shown at the next sign of life."""
        self._note = text

    def finish(self, outcome: str) -> None:
        """Say what came of it; shown when the block ends."""
        self._outcome = outcome

    def __enter__(self) -> Step:
        self._started = time.monotonic()
        self._show(f"{self._doing} …")
        self._ticker.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._ticker.join()
        outcome = self._outcome or ("done" if error is None else "failed")
        took = f" ({self.elapsed:.0f} s)" if self.elapsed >= 1 else ""
        self._show(f"{outcome}{took}", last=True)

    def _tick(self) -> None:
        while not self._ended.wait(self._every):
            note = f": {self._note}" if self._note else ""
            self._show(f"{self._doing} … {self.elapsed:.0f} s{note}")

    def _show(self, text: str, *, last: bool = False) -> None:
        line = f"  {self._title:<{TITLE_WIDTH}} {text}"
        if self._terminal:
            # A line that wraps could not be overwritten.
            shown = line if last else line[: shutil.get_terminal_size().columns - 1]
            line = f"\r\x1b[2K{shown}" + ("\n" if last else "")
        else:
            line += "\n"
        self._stream.write(line)
        self._stream.flush()
