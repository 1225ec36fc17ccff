"""Whether two schedulers of one environment start each Transform once a minute: no Run is doubled, none is left out.

    python -m benchmarks.two_schedulers [--minutes 10] [--transforms 50]

Each Transform is due every minute. What it runs adds a line with its Run's identifier to a file, which is compared with
the history: each time of each schedule has one Run, and each Run ran once. The results are also kept as JSON in
benchmarks/results/; where a Run is doubled or left out, the exit code is 1.
"""

from __future__ import annotations

import argparse
import shlex
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.measure import record
from benchmarks.scheduled_project import MINUTELY, write
from datakit_iac.history import place
from datakit_iac.history.history import History
from datakit_iac.history.record import RunRecord

BIN: Final = Path(sys.executable).parent
MINUTE: Final = 60


def main() -> None:
    """Let them run, and compare."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--transforms", type=int, default=50)
    options = parser.parse_args()
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        _project(folder, options.transforms)
        first = _let_run(folder, options.minutes)
        with chdir(folder):
            runs = History(place.opened("shop/dev")).listed(limit=10_000_000)
        ran = Counter((folder / "ran").read_text().split())
    times = [first + MINUTE * each for each in range(options.minutes)]
    faults = [*_faults(runs, ran, [f"t{each}" for each in range(options.transforms)], times)]
    late = sorted((each.started_at or each.queued_at) - each.due for each in runs if each.due)
    figures = {
        "minutes": options.minutes,
        "transforms": options.transforms,
        "runs": len(runs),
        "faults": len(faults),
        "seconds_late_median": statistics.median(late),
        "seconds_late_most": late[-1],
    }
    record("two_schedulers", {}, {}, ["sqlalchemy"], figures)
    print("\n".join(faults) or "each Run happened once")
    sys.exit(bool(faults))


def _project(folder: Path, transforms: int) -> None:
    write(folder, ["sh", "work.sh", "NAME"], [MINUTELY] * transforms)
    work = f'echo "$DK_RUN_ID" >> {shlex.quote(str(folder / "ran"))}\n'
    (folder / "transforms/work.sh").write_text(work)
    for each in range(transforms):
        (folder / f"outbox/d{each}.csv").write_text("id\n1\n")


def _let_run(folder: Path, minutes: int) -> int:
    """Two schedulers, from before the first minute until after the last; the first minute."""
    with (folder / "log").open("w") as log:
        both = [subprocess.Popen([BIN / "dk", "scheduler"], cwd=folder, stdout=log, stderr=log) for _ in range(2)]
        try:
            while not (folder / ".datakit/dev/history.db").exists():
                time.sleep(0.1)
            first = (int(time.time()) // MINUTE + 2) * MINUTE
            time.sleep(first + MINUTE * minutes - 2 - time.time())
            ended = [each.poll() for each in both]
            assert ended == [None, None], (folder / "log").read_text()
        finally:
            for each in both:
                each.terminate()
            for each in both:
                each.wait()
    return first


def _faults(runs: list[RunRecord], ran: Counter[str], transforms: list[str], times: list[int]) -> Iterator[str]:
    """What is doubled, left out, or did not succeed."""
    for run in runs:
        if run.state != "succeeded":
            yield f"{run.transform} {run.described}: {run.state}: {run.error}"
        if (count := ran.pop(run.id, 0)) != 1:
            yield f"{run.transform} {run.described} ran {count} times"
    yield from (f"Run {run} is not in the history and ran {count} times" for run, count in ran.items())
    found = Counter((run.transform, run.due) for run in runs)
    for name in transforms:
        yield from (f"{name} of {due} has {found[name, due]} Runs" for due in times if found[name, due] != 1)
    yield from (f"{name} of {due} has {count} Runs" for (name, due), count in found.items() if count > 1)


if __name__ == "__main__":
    main()
