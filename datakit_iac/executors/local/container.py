"""The process that represents a container: it runs the engine's client, and removes the container whatever happens.

Run as a script by `processes`, never imported: ``python -I -S container.py ENGINE NAME LIMIT ARGUMENT...``. A client
that is killed leaves its container at work; so where this process is asked to stop, it ends the container itself,
within the two seconds that its supervisor gives it.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading

_POLITE = 0.5
"""Seconds that the container has to end by itself, after the signal that the client passes on."""

_KILLED = 137
"""The exit code of a container that got SIGKILL."""


def main() -> None:
    """Run it, end it, remove it; leave with its exit code."""
    engine, name, limit, *arguments = sys.argv[1:]
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: asked.set())
    client = subprocess.Popen([engine, "run", "--name", name, *arguments], stdin=subprocess.DEVNULL)
    while True:
        try:
            code = client.wait(0.1)
            break
        except subprocess.TimeoutExpired:
            if asked.is_set():
                with contextlib.suppress(subprocess.TimeoutExpired):
                    client.wait(_POLITE)
                _quiet(engine, "kill", name)
                code = client.wait()
                break
    if code == _KILLED and limit and not asked.is_set():
        print(f"the container was killed, as one is that uses more memory than its limit, {limit}", flush=True)
    _quiet(engine, "rm", "--force", name)
    sys.exit(code if code >= 0 else 128 - code)


def _quiet(*command: str) -> None:
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


if __name__ == "__main__":
    main()
