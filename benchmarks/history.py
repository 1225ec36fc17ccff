"""How long `dk runs list` and `dk status` take with a history of 1,000,000 Runs, and what an idle scheduler takes.

    python -m benchmarks.history [--history 1000000] [--schedules 2000] [--idle 60] [--runs 5]

The history has as many Runs of 200 Transforms; beside the commands, the same ones with an empty history. The targets
are 0.3 s each; beside the time on the wall, that of the processor is kept, which says more where others use the
machine. The scheduler has that many Transforms, of which one is due every minute; it is looked at once it leads: its
share of one core (under 2 %), its memory (under 150 MB), and how late the one that is due begins (within 1 s). The
results are also kept as JSON in benchmarks/results/.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import chdir
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import sqlalchemy as sa

from benchmarks.measure import in_turn, record, timed, watched
from benchmarks.scheduled_project import MINUTELY, YEARLY, write
from datakit_iac.history import place
from datakit_iac.history.history import History
from datakit_iac.history.tables import LATEST, RUNS
from datakit_iac.history.uuid7 import uuid7

BIN: Final = Path(sys.executable).parent
COMMANDS: Final = (("runs", "list"), ("status",))
TRANSFORMS: Final = 200


def main() -> None:
    """Measure, and record what came out."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--history", type=int, default=1_000_000)
    parser.add_argument("--schedules", type=int, default=2000)
    parser.add_argument("--idle", type=float, default=60.0)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with TemporaryDirectory() as scratch:
        full, empty, idle = (Path(scratch, name) for name in ("full", "empty", "idle"))
        for folder in (full, empty):
            _project(folder, TRANSFORMS)
        _fill(full, options.history)
        sides = {
            f"dk {' '.join(words)}, {kind}": partial(timed, [BIN / "dk", *words], folder)
            for words in COMMANDS
            for kind, folder in ((f"{options.history:,} Runs", full), ("no Runs", empty))
        }
        spreads = in_turn(sides, options.runs)
        used = {f"processor seconds of dk {' '.join(words)}": _used(words, full, options.runs) for words in COMMANDS}
        _project(idle, options.schedules)
        share, memory, late = _idle(idle, options.idle)
    medians = [spread.median for spread in spreads.values()]
    ratios = {"runs list, full / empty": medians[0] / medians[1], "status, full / empty": medians[2] / medians[3]}
    idling = {"scheduler_percent": share, "scheduler_mb": memory, "seconds_late": late}
    record("history", spreads, ratios, ["sqlalchemy"], used | idling)


def _project(folder: Path, transforms: int) -> None:
    folder.mkdir()
    write(folder, ["true"], [MINUTELY, *[YEARLY] * (transforms - 1)])
    (folder / "outbox/d0.csv").write_text("id\n1\n")


def _fill(folder: Path, runs: int) -> None:
    with chdir(folder):
        database = place.opened("shop/dev")
    begun = time.time() - runs
    with database.written() as connection:
        for first in range(0, runs, 10_000):
            numbers = range(first, min(first + 10_000, runs))
            connection.execute(sa.insert(RUNS), [_row(number, begun + number) for number in numbers])
        last = connection.execute(sa.select(RUNS.c.transform, sa.func.max(RUNS.c.id)).group_by(RUNS.c.transform)).all()
        rows = [{"stack": "shop/dev", "transform": name, "run": run, "succeeded": run} for name, run in last]
        connection.execute(sa.insert(LATEST), rows)


def _row(number: int, at: float) -> dict[str, object]:
    return {
        "id": str(uuid7()),
        "stack": "shop/dev",
        "transform": f"t{number % TRANSFORMS}",
        "trigger": "schedule",
        "definition": "9a34cd671d10fd5fd28aa28c7dfab0ac",
        "identity": f"{number:016x}",
        "state": "succeeded",
        "queued_at": at,
        "started_at": at,
        "ended_at": at + 1,
        "beat_at": at,
        "due": at,
        "inputs": {},
        "generations": {},
        "outputs": {"users": f"{number}"},
        "counts": {"users": number},
        "host": "machine",
        "log": "",
        "error": "",
        "started_by": "ann",
        "stop_asked": False,
    }


def _used(words: Sequence[str], folder: Path, runs: int) -> float:
    """The least processor time that a command took, in seconds."""
    used: list[float] = []
    for _ in range(runs):
        watched(partial(timed, [BIN / "dk", *words], folder), used)
    return min(used)


def _idle(folder: Path, seconds: float) -> tuple[float, float, float]:
    """Of an idle scheduler: its share of one core in percent, its memory in MB, how late the last due Run began."""
    with (folder / "log").open("w") as log:
        scheduler = subprocess.Popen([BIN / "dk", "scheduler"], cwd=folder, stdout=log, stderr=log)
    try:
        while not (folder / ".datakit/dev/history.db").exists():
            assert scheduler.poll() is None, (folder / "log").read_text()
            time.sleep(0.1)
        time.sleep(15)
        before = _ticks(scheduler.pid)
        time.sleep(seconds)
        used = (_ticks(scheduler.pid) - before) / os.sysconf("SC_CLK_TCK")
        status = Path(f"/proc/{scheduler.pid}/status").read_text()
        resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        with chdir(folder):
            (last, *_) = History(place.opened("shop/dev")).listed(transform="t0")
        assert last.started_at, last
        assert last.due, last
        return 100 * used / seconds, int(resident.split()[1]) / 1024, last.started_at - last.due
    finally:
        scheduler.terminate()
        scheduler.wait()


def _ticks(process: int) -> int:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


if __name__ == "__main__":
    main()
