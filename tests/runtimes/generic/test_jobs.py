"""What every command is: what defines it, what is approved of it, what is read of its output, how it ends."""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Timer

import pytest

from datakit_iac.executors.protocol import Cancelled
from datakit_iac.manifest.models.process import ResourceAmounts, Resources
from datakit_iac.runtimes.definition import given, given_digest
from datakit_iac.runtimes.generic.runtime import GenericPython
from datakit_iac.runtimes.job import JobFailedError
from tests.runtimes.generic.conftest import Shop


def change(file: str, text: str) -> Callable[[Shop], object]:
    return lambda shop: shop.write(file, text)


@pytest.mark.parametrize(
    ("changed", "is_another"),
    [
        (change("main.py", "print(2)"), True),
        (change("more/queries.sql", "select 2"), True),
        (change("uv.lock", "version = 2"), True),
        (change("__pycache__/main.pyc", "x"), False),
        (change(".venv/lib/x.py", "x"), False),
        (change("env/pyvenv.cfg", "x"), False),
        (change("node_modules/x/index.js", "x"), False),
        (change(".git/HEAD", "x"), False),
        (change(".env", "TOKEN=x"), False),
        (change("dk.yaml", "apiVersion: datakit.infoblox.dev/v1alpha1\nkind: Transform\n# new"), False),
        (change("settings.yaml", "level: 2"), True),
    ],
)
def test_the_code_in_the_folder_is_the_definition(
    shop: Shop, changed: Callable[[Shop], object], is_another: bool
) -> None:
    shop.write("main.py", "print(1)")
    shop.write("dk.yaml", "apiVersion: datakit.infoblox.dev/v1alpha1\nkind: Transform\n")
    job = shop.job("python", "main.py")
    before, approved = shop.definition(job), given(job)
    changed(shop)
    assert (shop.definition(job) != before) is is_another
    assert (given(job) != approved) is is_another
    assert shop.definition(replace(job, command=("python", "main.py", "--full"))) != before
    assert shop.definition(replace(job, variables={"LEVEL": "2"})) != before
    assert shop.definition(replace(job, timeout=5.0, retries=2, identity="2e")) == shop.definition(job)


def test_a_linked_folder_counts_and_a_circle_ends(shop: Shop) -> None:
    (shop.root / "lib").mkdir()
    (shop.root / "lib" / "more.py").write_text("x = 1")
    (shop.code / "lib").symlink_to(shop.root / "lib")
    (shop.root / "lib" / "again").symlink_to(shop.root / "lib")
    assert [Path(file).name for file in given(shop.job("python", "-V"))] == ["more.py"]


def test_what_was_approved_runs_in_a_copy_and_nothing_else_does(shop: Shop) -> None:
    shop.write("main.py", "import os\nprint(sorted(os.listdir()), os.getcwd())")
    shop.write(".venv/x.py", "")
    job = shop.job("python", "main.py")
    approved = replace(job, given=given_digest(given(job)))
    shop.run(approved)
    assert shop.shown[0].startswith("['main.py'] ")
    assert str(shop.code) not in shop.shown[0]
    assert not [*(shop.root / "cache" / "code").iterdir()]
    shop.write("more.py", "")
    with pytest.raises(JobFailedError, match="are not those that were approved; nothing was run"):
        shop.run(approved)


def test_a_run_is_refused_where_its_files_are_no_longer_those_of_the_plan(shop: Shop) -> None:
    def changed() -> None:
        raise JobFailedError("its files have changed")

    shop.write("main.py", "print('ran')")
    shop.confirm = changed
    with pytest.raises(JobFailedError, match="its files have changed"):
        shop.run(shop.job("python", "main.py"))
    assert shop.shown == []


def test_where_people_approve_what_would_be_fetched_unseen_is_told(shop: Shop) -> None:
    generic = GenericPython()
    shop.write("requirements.txt", "polars\n")
    (unseen,) = generic.unseen(shop.job("python", "-V"))
    assert unseen.startswith(f"{shop.code}/requirements.txt has no hashes")
    assert generic.unseen(shop.job(image="acme/load:1.0.0")) == [
        "the image acme/load:1.0.0 may change; name it by its digest"
    ]
    assert generic.unseen(shop.job(image=f"acme/load@sha256:{'0' * 64}")) == []


COUNTS = """
    print('{"counts": {"users": 1}}')
    print('{"counts": {"users": 3, "orders": 2}}')
    print('{"counts": "none"}')
    print('{"counts": {"users": true, "bad": -1}}')
    print('{"countries": 3}')
"""


def test_lines_that_count_are_counted_and_others_are_not(shop: Shop) -> None:
    shop.write("main.py", COUNTS)
    assert shop.run(shop.job("python", "main.py")).counts == {"users": 3, "orders": 2}


def test_a_command_that_fails_tells_its_last_lines(shop: Shop) -> None:
    shop.write("main.py", "for n in range(50): print(n)\nraise ValueError('boom')")
    with pytest.raises(JobFailedError) as failed:
        shop.run(shop.job("python", "main.py"))
    assert failed.value.cause == "`python main.py` failed with exit code 1"
    assert (len(failed.value.lines), failed.value.lines[-1]) == (12, "ValueError: boom")
    shop.write("main.py", "import os\nos.kill(os.getpid(), 9)")
    with pytest.raises(JobFailedError, match=r"`python main\.py` was ended by SIGKILL"):
        shop.run(shop.job("python", "main.py"))


FLOOD = {
    "lines": "line = 'x' * 99 + '\\n'\nfor _ in range(1_000_000): sys.stdout.write(line)",
    "one line": "for _ in range(1_000): sys.stdout.write('x' * 100_000)",
}


@pytest.mark.parametrize("kind", FLOOD)
def test_a_flood_of_output_is_read_in_little_memory(shop: Shop, kind: str) -> None:
    shop.write("main.py", f"import sys\n{FLOOD[kind]}\nsys.exit(1)")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(JobFailedError) as failed:
        shop.run(shop.job("python", "main.py"))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 80 << 10  # KiB
    assert sum(map(len, failed.value.lines)) < 8_000
    assert len(shop.shown) < 1_000


def test_a_command_that_ignores_signals_is_ended(shop: Shop) -> None:
    shop.write("main.py", "import signal, time\nsignal.signal(15, signal.SIG_IGN)\nprint('up')\ntime.sleep(600)")
    stop = Timer(0.1, shop.cancel.set)
    begun = time.monotonic()

    def show(text: str) -> None:
        if text == "up":
            stop.start()

    shop.shown = type("Shown", (list,), {"append": staticmethod(show)})()
    with pytest.raises(Cancelled):
        shop.run(shop.job("python", "main.py"))
    assert time.monotonic() - begun < 10


def test_a_time_out_tells_what_was_said_last(shop: Shop) -> None:
    shop.write("main.py", "import time\nprint('working')\ntime.sleep(600)")
    with pytest.raises(JobFailedError) as failed:
        shop.run(shop.job("python", "main.py", timeout=2.0))
    assert failed.value.cause == "the job did not end within 2 s and was stopped"
    assert failed.value.lines == ("working",)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone binds a process to processors")
def test_a_limit_of_processors_is_kept_in_whole_ones(shop: Shop) -> None:
    shop.write("main.py", "import os\nprint(len(os.sched_getaffinity(0)))")
    limits = Resources(limits=ResourceAmounts(cpu="500m"))
    shop.run(shop.job("python", "main.py", resources=limits))
    shop.run(shop.job("python", "main.py", resources=Resources(limits=ResourceAmounts(cpu="1000"))))
    assert shop.shown == ["1", str(len(os.sched_getaffinity(0)))]
