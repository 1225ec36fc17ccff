"""Runs one server for a test run, and ends it when the run is over: `python -m tests.servers.guard CLASS FOLDER OWNER`.

It prints what clients need as one line of JSON once the server is ready. A test run that is killed leaves no server.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from pkgutil import resolve_name

from tests.servers.server import Server, UnavailableError


def main(kind: str, folder: str, owner: str) -> None:
    """Start the server and keep it as long as the process `owner` is there."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests, which still clean up
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    server: Server = resolve_name(kind)(Path(folder))
    try:
        try:
            server.start()
            said = server.facts()
        except (UnavailableError, RuntimeError) as fault:
            said = {"needs": str(fault)} if isinstance(fault, UnavailableError) else {"failed": str(fault)}
        print(json.dumps(said), flush=True)
        while _is_alive(int(owner)):
            time.sleep(0.2)
    finally:
        server.remove()
        for left in server.folder.parent.glob(f"{server.folder.name}.*"):
            left.unlink()
        with contextlib.suppress(OSError):  # others' servers are still there
            server.folder.parent.rmdir()


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main(*sys.argv[1:])
