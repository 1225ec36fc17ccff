"""Start plugins side by side, then the CloudQuery CLI on them, and end all of them together.

With `registry: local` the CLI starts one plugin after the other, looks for each once a second, which is 1.4 s of every
run, and gives up on one that starts slowly; plugins that listen already (`registry: grpc`, on a Unix socket) are there
at once. This is a program of its
own, run by its path, so that a sync stays one command with one family of processes; it imports the standard library
only::

    launch.py FOLDER NAME=EXECUTABLE [NAME=EXECUTABLE …] -- CLI ARGUMENTS…

The CLI finds the address of the plugin NAME in the variable DATAKIT_PLUGIN_NAME.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Final

_POLL: Final = 0.005
_START: Final = 60.0
"""Seconds a plugin has to listen: the first start after an installation reads 300 MB of libraries."""
_END: Final = 2.0
"""Seconds a plugin has to end when asked to."""
_QUIET: Final = ("--no-sentry", "--log-level", "warn")
"""What the CLI tells those that it starts, with `--telemetry-level none`; plugins of others need it."""
_LONGEST_FOLDER: Final = 70
"""Characters of a folder that sockets can be below: the kernel takes 107 for a socket's path."""


class _Stopped(BaseException):
    """We were asked to end."""


def main(argv: Sequence[str]) -> int:
    """Run the CLI with its plugins; its exit code, 1 if a plugin does not start, 130 if asked to end."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    folder, plugins, command = _arguments(argv)
    sockets = Path(tempfile.mkdtemp(prefix="datakit-", dir=None if len(str(folder)) > _LONGEST_FOLDER else folder))
    started: dict[str, subprocess.Popen[bytes]] = {}
    try:
        # pyarrow imports numpy, whose BLAS starts a thread for each core: 0.1 s of a plugin's start, and no use here.
        environment = {**os.environ, "TMPDIR": str(folder), "OPENBLAS_NUM_THREADS": "1"}
        for name, executable in plugins.items():
            address = sockets / name
            argv = [executable, "serve", "--network", "unix", "--address", str(address), *_QUIET]
            started[name] = subprocess.Popen(argv, env=environment, stdin=subprocess.DEVNULL)
            os.environ[f"DATAKIT_PLUGIN_{name.upper()}"] = f"unix://{address}"
        if not all(_listens(name, process, sockets / name) for name, process in started.items()):
            return 1
        started[""] = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        code = started[""].wait()
        _tell_deaths(started)
        return code if code >= 0 else 128 - code
    except _Stopped:
        return 130
    finally:
        _end(started)
        shutil.rmtree(sockets, ignore_errors=True)


def _arguments(argv: Sequence[str]) -> tuple[Path, dict[str, str], Sequence[str]]:
    end = list(argv).index("--")
    pairs = [argument.partition("=") for argument in argv[1:end]]
    return Path(argv[0]), {name: executable for name, _, executable in pairs}, argv[end + 1 :]


def _listens(name: str, process: subprocess.Popen[bytes], address: Path) -> bool:
    deadline = time.monotonic() + _START
    while not address.exists():
        if process.poll() is not None:
            _tell(f"the {name} plugin ended before it listened (exit code {process.returncode})")
            return False
        if time.monotonic() > deadline:
            _tell(f"the {name} plugin did not listen within {_START:g} s")
            return False
        time.sleep(_POLL)
    return True


def _tell_deaths(started: dict[str, subprocess.Popen[bytes]]) -> None:
    for name, process in started.items():
        if name and process.poll() is not None:
            how = f"signal {-process.returncode}" if process.returncode < 0 else f"exit code {process.returncode}"
            _tell(f"the {name} plugin ended during the sync ({how})")


def _tell(message: str) -> None:
    """Print what `datakit_iac.cloudquery_plugins.events` reads as an event of kind `ended`."""
    details = {"kind": "ended", "table": "", "rows": 0}
    sys.stdout.write(json.dumps({"level": "error", "message": message, "datakit": details}) + "\n")
    sys.stdout.flush()


def _end(started: dict[str, subprocess.Popen[bytes]]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    for process in started.values():
        process.terminate()
    deadline = time.monotonic() + _END
    for process in started.values():
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _stop(number: int, frame: FrameType | None) -> None:
    raise _Stopped


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
