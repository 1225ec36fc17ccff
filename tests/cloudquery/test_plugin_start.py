"""What the start of a plugin may not do: import what is heavy, outlive its parent, complain when ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from datakit_iac.cloudquery_plugins.events import Event, read

PLUGINS = [
    "datakit-source-files",
    "datakit-destination-duckdb",
    "datakit-source-postgres",
    "datakit-destination-postgres",
]


def _start(name: str, socket: Path) -> subprocess.Popen[str]:
    program = Path(sys.executable).with_name(name)
    plugin = subprocess.Popen(
        [program, "serve", "--network", "unix", "--address", socket],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + 30
    while not socket.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    return plugin


@pytest.mark.parametrize(
    ("module", "heavy"), [("files", "source"), ("duckdb", "load"), ("postgres", "source"), ("postgres", "load")]
)
def test_a_plugin_imports_neither_pandas_nor_pydantic_nor_pulumi(module: str, heavy: str) -> None:
    code = (
        "import sys\n"
        "import datakit_iac.cloudquery_plugins.serving, datakit_iac.cloudquery_plugins.servicers\n"
        "assert not {'pyarrow', 'duckdb'} & set(sys.modules), 'listening comes first'\n"
        f"import datakit_iac.technologies.{module}.cloudquery.{heavy}\n"
        "print(sorted({'pandas', 'pydantic', 'pulumi', 'networkx'} & set(sys.modules)), flush=True)\n"
        "import os; os._exit(0)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.stdout, done.stderr) == ("[]\n", "")


@pytest.mark.parametrize("name", PLUGINS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_plugin_ends_quietly_when_asked(name: str, number: signal.Signals, short: Path) -> None:
    with _start(name, short / "s") as plugin:
        plugin.send_signal(number)
        output, _ = plugin.communicate(timeout=10)

    assert (plugin.returncode, output) == (0, "")


def test_a_plugin_ends_with_its_parent(short: Path) -> None:
    code = (
        "import subprocess, sys, time, pathlib\n"
        f"p = subprocess.Popen([{str(Path(sys.executable).with_name(PLUGINS[0]))!r}, 'serve', '--network', 'unix',"
        f" '--address', {str(short / 's')!r}])\n"
        f"while not pathlib.Path({str(short / 's')!r}).exists(): time.sleep(0.01)\n"
        "time.sleep(0.2); print(p.pid, flush=True)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    pid = int(done.stdout)

    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and _is_running(pid):
        time.sleep(0.05)
    assert not _is_running(pid)


def test_an_address_that_cannot_be_listened_on_is_told(short: Path) -> None:
    program = Path(sys.executable).with_name(PLUGINS[0])
    address = short / "missing" / "s"

    done = subprocess.run(
        [program, "serve", "--network", "unix", "--address", address], capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert f"{address} cannot be listened on" in done.stderr
    assert "Traceback" not in done.stderr


def test_events_survive_their_line() -> None:
    event = Event("progress", 'flights "x" 5 rows', "flights", 5)

    assert read(event.line()) == event
    assert [read(line) for line in ("", "plain", "{", '{"datakit": 3}')] == [None] * 4


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not (state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z")
