"""A streaming Transform: no update runs it, `dk run` keeps it running."""

from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path

import pytest

from datakit_iac.cli.dispatch import main
from datakit_iac.history import place
from datakit_iac.history.history import History
from tests.model.program import PROJECT, STACK
from tests.stories.workspace import InProcess

_MANIFESTS = """\
apiVersion: datakit.infoblox.dev/v1alpha1
kind: DataSet
metadata: {name: ticks}
spec:
  store: warehouse
  table: raw.ticks
  classification: internal
  owner: shop-team
  schema: [{name: number, type: integer, pii: false}]
---
apiVersion: datakit.infoblox.dev/v1alpha1
kind: Transform
metadata: {name: tick}
spec: {runtime: generic-python, mode: streaming, outputs: [{dataset: ticks}], command: [python, tick.py]}
"""
_CODE = """\
import pathlib, sys, time
file = pathlib.Path("..", ".started")
number = len(file.read_text()) + 1 if file.exists() else 1
file.write_text("x" * number)
print("tick", number, flush=True)
if number == 1:
    sys.exit(3)
time.sleep(60 if number == 3 else 0)
"""


def test_it_is_kept_running_until_it_is_stopped(applied: InProcess, capfd: pytest.CaptureFixture[str]) -> None:
    applied.write("Pulumi.yaml", f"name: {PROJECT}\nruntime: python\n")
    applied.write("project/tick/dk.yaml", _MANIFESTS)
    applied.write("project/tick/tick.py", _CODE)
    made = applied.up("--skip-preview").ok()
    assert ("Transform tick" in made.operations, "Run tick" in made.operations) == (True, False)
    assert "`dk run tick` keeps it running" in made.text
    assert applied.up("--skip-preview").ok().operations == {}

    with contextlib.chdir(applied.root):
        history = History(place.opened(f"{PROJECT}/{STACK}"))
        stopping = threading.Thread(target=_stop_the_third, args=(history, applied.root / "project/.started"))
        stopping.start()
        code = main(["run", "tick", "--project", "project"])
    stopping.join()
    said = capfd.readouterr().err
    assert code == 130
    assert "`python tick.py` failed with exit code 3" in said
    assert "starting it again in 1 s" in said
    assert "it ended with exit code 0; starting it again in 2 s" in said
    assert "stopped by `dk stop`" in said
    (run,) = (each.run for each in history.latest("tick").values())
    assert (run.state, (applied.root / "project/.started").read_text()) == ("cancelled", "xxx")


def _stop_the_third(history: History, started: Path) -> None:
    """Ask it to stop, as `dk stop` does, once it has been started for the third time."""
    deadline = time.monotonic() + 60
    while not (started.exists() and len(started.read_text()) == 3) and time.monotonic() < deadline:
        time.sleep(0.1)
    history.ask_to_stop(history.latest("tick")["tick"].run.id)
