"""`dk scheduler` as processes of its own: every trigger fires, one leads, and kills lose and double nothing."""

from __future__ import annotations

import contextlib
import random
import signal
import sqlite3
import time
from pathlib import Path

from tests.stories.schedulers import KILLS, Schedulers, assert_done_once, orders, rows


def test_every_trigger_fires_and_one_scheduler_leads(schedulers: Schedulers) -> None:
    applied = schedulers.workspace
    applied.replace(
        "project/transforms.yaml",
        "metadata: {name: load-users}\nspec:",
        'metadata: {name: load-users}\nspec:\n  trigger: {policy: schedule, schedule: {cron: "* * * * *"}}',
    )
    leader = schedulers.start()
    schedulers.wait(lambda: schedulers.log.read_bytes() != b"" or leader.poll() is None)
    # A source changed: what reads it runs, and what reads that.
    orders(applied, 30)
    schedulers.wait(lambda: schedulers.has_ran("marts", "on-change"))
    assert rows(applied) == [("ann", 30.0), ("bob", 7.0)]
    # Another scheduler takes over.
    schedulers.start()
    leader.send_signal(signal.SIGKILL)
    leader.wait()
    orders(applied, 40)
    schedulers.wait(lambda: schedulers.has_ran("marts", "on-change", 2))
    assert rows(applied) == [("ann", 40.0), ("bob", 7.0)]
    # Its minute comes, and what reads what it wrote follows.
    applied.write("project/inbox/users.csv", "id,name\n1,eve\n2,bob\n")
    schedulers.wait(
        lambda: schedulers.has_ran("load-users", "schedule") and schedulers.has_ran("marts", "on-change", 3)
    )
    assert rows(applied) == [("bob", 7.0), ("eve", 40.0)]
    (scheduled,) = [each for each in schedulers.runs if each.trigger == "schedule"]
    assert scheduled.due
    assert scheduled.due % 60 == 0
    assert 0 <= scheduled.queued_at - scheduled.due < 20
    # Nothing is left to do for an update.
    done, before = applied.up("--skip-preview").ok(), len(schedulers.runs)
    assert len(schedulers.runs) == before
    assert "not repeated" in done.text


def test_a_scheduler_goes_on_when_a_history_that_could_not_be_used_can_be_used_again(schedulers: Schedulers) -> None:
    applied = schedulers.workspace
    scheduler = schedulers.start()
    orders(applied, 60)
    schedulers.wait(lambda: schedulers.has_ran("marts", "on-change"))
    with contextlib.closing(sqlite3.connect(applied.root / ".datakit/dev/history.db")) as history:
        history.execute("ALTER TABLE datakit_leases RENAME TO hidden")
        orders(applied, 70)
        schedulers.wait(lambda: "no such table: datakit_leases; nothing is started" in schedulers.log.read_text())
        history.execute("ALTER TABLE hidden RENAME TO datakit_leases")
    schedulers.wait(lambda: schedulers.is_settled(70.0))
    assert scheduler.poll() is None


def test_a_scheduler_that_is_killed_at_random_loses_and_doubles_nothing(schedulers: Schedulers) -> None:
    applied, chance = schedulers.workspace, random.Random(17)
    for kill in range(KILLS):
        orders(applied, 100 + kill)
        scheduler = schedulers.start()
        time.sleep(chance.uniform(1, 8))
        scheduler.kill()
        scheduler.wait()
    schedulers.start()
    schedulers.wait(lambda: schedulers.is_settled(99.0 + KILLS))
    assert_done_once(schedulers)


def test_once_starts_what_is_due_and_ends(schedulers: Schedulers, tmp_path: Path) -> None:
    applied = schedulers.workspace
    orders(applied, 50)
    told = tmp_path / "told"
    applied.replace(
        "project/platform.yaml",
        "metadata: {name: dev}",
        f"metadata: {{name: dev}}\nspec: {{notify: [{{command: [tee, {told}]}}]}}",
    )
    applied.replace("project/models/models/marts/revenue.sql", "select name,", "select nam,")
    done = applied.dk("scheduler", "--project", "project", "--once")
    assert done.code == 1, done.text
    assert applied.rows("SELECT sum(amount) FROM main.paid") == [(57.0,)]
    assert '"event": "failure"' in told.read_text()
    applied.replace("project/models/models/marts/revenue.sql", "select nam,", "select name,")
    assert applied.dk("scheduler", "--project", "project", "--once").ok()
    assert rows(applied) == [("ann", 50.0), ("bob", 7.0)]
    assert '"event": "recovery"' in told.read_text()
