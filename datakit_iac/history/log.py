"""The log of a Run: what its job prints, as it comes; held locked as long as the Run lives."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Final

LARGEST: Final = 10 << 20
"""Bytes of a log that are kept from its beginning; beyond them, only its end is."""
_END: Final = 64 << 10
"""Bytes of its end that are kept then."""


class Log:
    """The log of one Run, readable by its owner only.

    A log that cannot be written (a full disk) is given up, and the Run goes on.

    Args:
        file: its file; the folder is made.

    Raises:
        OSError: it cannot be made.
    """

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self.path = file
        self.fault = ""
        self._descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        self._size, self._left_out = 0, 0
        self._end: deque[bytes] = deque()

    def write(self, line: str) -> None:
        """Add a line, with the time."""
        text = f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {line}\n".encode()
        if self._size + len(text) <= LARGEST and not self._left_out:
            self._size += len(text)
            self._put(text)
            return
        if not self._left_out:
            self._put(f"(the log is larger than {LARGEST >> 20} MiB: its middle is left out)\n".encode())
        text = text[:_END]
        self._left_out += len(text)
        self._end.append(text)
        while self._left_out > _END:
            self._left_out -= len(self._end.popleft())

    def close(self) -> None:
        """Write what is left, and release it."""
        for text in self._end:
            self._put(text)
        os.close(self._descriptor)

    def _put(self, text: bytes) -> None:
        if self.fault:
            return
        try:
            os.write(self._descriptor, text)
        except OSError as fault:
            self.fault = f"the log {self.path} cannot be written any more: {fault.strerror}"


def is_held(file: str) -> bool | None:
    """Whether the Run of a log lives, as its lock tells; None where there is no such file."""
    try:
        descriptor = os.open(file, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def followed(file: Path, pause: float = 0.2) -> Iterator[str]:
    """Each line of a log as it comes, until its Run is over."""
    with file.open(encoding="utf-8", errors="replace") as opened:
        rest = ""
        while True:
            held = is_held(str(file))
            while part := opened.readline():
                rest += part
                if rest.endswith("\n"):
                    yield rest[:-1]
                    rest = ""
            if not held:
                break
            time.sleep(pause)
        if rest:
            yield rest


def swept(folder: Path, seconds: float) -> None:
    """Remove the logs that were last written longer ago than that."""
    before = time.time() - seconds
    for file in folder.glob("*.log"):
        with contextlib.suppress(OSError):
            if file.stat().st_mtime < before and not is_held(str(file)):
                file.unlink()
