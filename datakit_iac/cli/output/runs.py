"""Runs while they last: on a terminal one line that changes, elsewhere one line for each event."""

from __future__ import annotations

import shutil
import signal
import sys
import threading
import time
from functools import partial
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Final, Self
from weakref import WeakSet

from datakit_iac.cli.output.terminal import Style, paint
from datakit_iac.findings.visible import visible

if TYPE_CHECKING:
    from datakit_iac.runs.operation import Operation, Stop
    from datakit_iac.scheduling.sequence import Result

_CLEARED: Final = "\r\x1b[K"
_PAUSE: Final = 1.0
"""Seconds between two lines of progress of one Run, where each stays."""
_COLOURS: Final[dict[str, Style]] = {
    "succeeded": "green",
    "unchanged": "dim",
    "failed": "red",
    "cancelled": "yellow",
    "skipped": "yellow",
}


class Display:
    """What is shown of Runs, on standard error. While it is entered, Ctrl-C and SIGTERM stop them.

    Args:
        stack: ``project/environment``.
    """

    def __init__(self, stack: str) -> None:
        self._stack, self._lock, self._painted = stack, threading.Lock(), paint(sys.stderr)
        self._is_live, self._shown = sys.stderr.isatty(), dict[str, float]()
        self._stops: WeakSet[Stop] = WeakSet()
        self._is_stopped = False

    def operation(self, name: str) -> Operation:
        """The operation of one Transform, whose messages are shown behind its name."""
        from datakit_iac.runs.operation import OwnOperation

        line = partial(self._line, name)
        made = OwnOperation(self._stack, tell=line, warn=line, status=partial(self._status, name))
        self.stops(made.cancel)
        return made

    def stops(self, stop: Stop) -> None:
        """Have something stopped by Ctrl-C and SIGTERM too."""
        self._stops.add(stop)
        if self._is_stopped:
            stop.because("interrupted")

    def show(self, result: Result) -> None:
        """What came of one."""
        counts = ", ".join(f"{name} {count:,}" for name, count in result.counts.items())
        for note in result.notes:
            self._line(result.transform, note)
        said = result.error or counts
        state = self._painted(result.state, _COLOURS[result.state])
        took = f" in {result.seconds:.1f} s" if result.state in ("succeeded", "failed") else ""
        self._line(
            result.transform, f"{state}{took}" + (f": {visible(said, lines=True)}" if said else ""), is_safe=True
        )

    def __enter__(self) -> Self:
        self._before = {each: signal.signal(each, self._stop) for each in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, _: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if self._is_live:
            self._write(_CLEARED)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._is_stopped = True
        for each in [*self._stops]:
            each.because("interrupted")

    def _line(self, name: str, text: str, *, is_safe: bool = False) -> None:
        shown = text if is_safe else visible(text, lines=True)
        with self._lock:
            self._write(f"{_CLEARED if self._is_live else ''}{self._painted(name, 'bold')}: {shown}\n")

    def _status(self, name: str, text: str) -> None:
        if not self._is_live:
            now = time.monotonic()
            if now - self._shown.get(name, -_PAUSE) >= _PAUSE:
                self._shown[name] = now
                self._line(name, text)
            return
        line = f"{name}: {visible(text)}"
        with self._lock:
            self._write(f"{_CLEARED}{line[: shutil.get_terminal_size().columns - 1]}")

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()
