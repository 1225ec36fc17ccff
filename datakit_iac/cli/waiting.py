"""A sign of life on the terminal while one waits."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from threading import Event

_SECOND: Final = 1.0
_CLEARED: Final = "\r\x1b[K"


@contextmanager
def waiting(doing: str) -> Iterator[None]:
    """Say on standard error what is done and for how long, once it takes a second; at the end the line is empty again.

    Where standard error is no terminal nothing is said, and no thread is started.

    Args:
        doing: what is done while the `with` block runs, e.g. ``reading manifests``.
    """
    stream = sys.stderr
    if not stream.isatty() or os.environ.get("TERM") == "dumb":
        yield
        return
    from threading import Event, Thread  # late: few commands take so long

    ended = Event()
    teller = Thread(target=_tell, args=(doing, ended, stream), daemon=True)
    teller.start()
    try:
        yield
    finally:
        ended.set()
        teller.join()


def _tell(doing: str, ended: Event, stream: TextIO) -> None:
    seconds = 0
    while not ended.wait(_SECOND):
        seconds += 1
        line = f"{doing} … {seconds} s"
        # A line that wraps could not be cleared.
        stream.write(f"{_CLEARED}{line[: shutil.get_terminal_size().columns - 1]}")
        stream.flush()
    if seconds:
        stream.write(_CLEARED)
        stream.flush()
