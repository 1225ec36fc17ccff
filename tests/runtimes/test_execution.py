"""Running a job, whatever its runtime: what it is given, what is refused, and what is never repeated."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.contract.job import Job
from datakit_iac.executors.lines import Lines
from datakit_iac.executors.local.processes import LocalProcesses
from datakit_iac.executors.protocol import Cancelled, Capabilities, unkept, unmet
from datakit_iac.executors.workload import FOLDER, Workload
from datakit_iac.findings.fault import Fault
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.manifest.models.process import ResourceAmounts, Resources
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.runtimes import execution
from datakit_iac.runtimes.execution import rendered, run
from datakit_iac.runtimes.job import JobFailedError, RunContext, RunResult
from datakit_iac.testing import Recorded

PASSWORD = "hunter2/a b"
FORMS = ["hunter2/a b", "hunter2%2fa+b", "aHVudGVyMi9hIGI=", "hunter2\\\\/a b"]


class Shell:
    """Runs the argv of its settings; the job fails with its last line."""

    name = "shell"

    def check(self, job: Job) -> list[Fault]:
        return []

    def definition(self, job: Job) -> str:
        return "1"

    def render(self, job: Job) -> Workload:
        if "argv" not in job.settings:
            raise ValueError(f"no argv, and the password is {PASSWORD}")
        return Workload(job.settings["argv"], files={"a.txt": "text"}, **job.settings.get("more", {}))

    def interpret(self, job: Job, lines: Lines, progress: Callable[[str], None]) -> RunResult:
        said = []
        for line in lines:
            progress(line)
            said.append(line)
        if lines.exit_code:
            raise JobFailedError(said[-1], tuple(said))
        return RunResult({"lines": len(said)}, tuple(said))


def job(*argv: str, **more: Any) -> Job:
    store = Connection("duckdb", {"path": "w.duckdb"}, {"password": Secret(PASSWORD)})
    output = BoundDataSet("a", "w", store, Place(table="a"))
    return replace(Job("copy", "shell", {"argv": [*argv]}, (), (output,), identity="1f"), **more)


@pytest.fixture
def shown() -> list[str]:
    return []


@pytest.fixture
def lent(tmp_path: Path, shown: list[str]) -> RunContext:
    return RunContext(LocalProcesses(tmp_path), tmp_path, shown.append, threading.Event())


def test_a_job_gets_its_files_and_its_variables(lent: RunContext) -> None:
    script = ["sh", "-c", 'cat "$0"; echo; echo $REGION $TOKEN', f"{FOLDER}/a.txt"]
    outcome = run(Shell(), job(*script, variables={"REGION": "eu", "TOKEN": Secret("t0k3n")}), lent)
    assert outcome.notes == ("text", "eu [secret]")


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_repeated_in_no_form(lent: RunContext, shown: list[str], form: str) -> None:
    script = ["printf", "%s\\n", f"login with {form} failed"]
    assert run(Shell(), job(*script), lent).notes == ("login with [secret] failed",)
    assert shown == ["login with [secret] failed"]
    with pytest.raises(JobFailedError) as failure:
        run(Shell(), job("sh", "-c", f"printf '%s\\n' '{form}'; exit 1"), lent)
    assert (failure.value.cause, failure.value.lines) == ("[secret]", ("[secret]",))


def test_a_job_that_cannot_be_rendered_fails_without_its_secrets(lent: RunContext) -> None:
    with pytest.raises(JobFailedError, match=r"no argv, and the password is \[secret\]"):
        run(Shell(), job(settings={}), lent)


def test_a_program_that_is_missing_fails_the_job(lent: RunContext) -> None:
    with pytest.raises(JobFailedError, match="no program no-such-thing on PATH"):
        run(Shell(), job("no-such-thing"), lent)


def test_a_job_has_until_its_time_out(lent: RunContext) -> None:
    with pytest.raises(JobFailedError, match=r"did not end within 0\.2 s"):
        run(Shell(), job("sleep", "60", timeout=0.2), lent)


def test_a_job_that_is_cancelled_raises(lent: RunContext) -> None:
    lent.cancel.set()
    with pytest.raises(Cancelled):
        run(Shell(), job("sleep", "60"), lent)


def test_an_executor_without_what_a_job_needs_does_not_start_it(lent: RunContext) -> None:
    class Elsewhere(LocalProcesses):
        name = "elsewhere"
        capabilities = Capabilities()

    needs = {"argv": ["true"], "more": {"needs": {"shares_filesystem": "it reads /data/w.duckdb"}}}
    with pytest.raises(JobFailedError, match="executor elsewhere has no `shares_filesystem`, and it reads /data/w"):
        run(Shell(), job(settings=needs), replace(lent, executor=Elsewhere()))


def test_a_job_signs_in_by_what_its_caller_has_and_says_none_of_it(
    lent: RunContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_PROFILE", "audit")
    monkeypatch.setenv("ACME_TOKEN", PASSWORD)
    monkeypatch.setenv("ACME_OTHER", "x")
    script = 'echo "$ACME_PROFILE ${ACME_REGION-none} ${ACME_OTHER-none} $ACME_TOKEN"; exit 1'
    inherits = frozenset({"ACME_PROFILE", "ACME_TOKEN", "ACME_REGION"})
    signed = job(settings={"argv": ["sh", "-c", script], "more": {"inherits": inherits}})
    with pytest.raises(JobFailedError) as failed:
        run(Shell(), signed, lent)
    assert failed.value.cause == "audit none none [secret]"


def test_lines_that_were_recorded_are_interpreted_alike() -> None:
    with pytest.raises(JobFailedError, match="boom"):
        Shell().interpret(job(), Lines(Recorded(["one", "boom"], 2)), lambda _: None)


def test_a_workload_is_printed_without_its_secrets_and_known_by_its_content() -> None:
    variables = {"REGION": "eu", "TOKEN": Secret("t0k3n")}
    workload = rendered(Shell(), job("/usr/bin/load", f"out={FOLDER}/a.txt", variables=variables))
    assert str(workload) == "load out=a.txt (files: a.txt; env: REGION; secrets: TOKEN)"
    assert "t0k3n" not in f"{workload!r}{workload.document}{workload.key}"
    assert workload.key == replace(workload, secret_env={"TOKEN": Secret("other")}).key
    others = [replace(workload, identity="2e"), replace(workload, argv=["load"]), replace(workload, files={})]
    assert len({each.key for each in (workload, *others)}) == 4


RESOURCES = Resources(requests=ResourceAmounts(cpu="500m"), limits=ResourceAmounts(memory="64Mi", cpu="1"))


def test_a_workload_says_what_its_job_says_of_the_process() -> None:
    workload = rendered(Shell(), job("load", image="acme/load:1.0.0", resources=RESOURCES, retries=3, timeout=90.0))
    expected = "image: acme/load:1.0.0; files: a.txt; requests: cpu 500m; limits: cpu 1, memory 64Mi; timeout: 90 s"
    assert str(workload) == f"load ({expected}; retries: 3)"
    assert workload.document["resources"] == {"requests": {"cpu": "500m"}, "limits": {"cpu": "1", "memory": "64Mi"}}


def test_what_an_executor_does_not_keep_is_told_and_a_workload_without_a_command_is_refused(lent: RunContext) -> None:
    workload = replace(
        rendered(Shell(), job("true", image="acme/load:1.0.0", resources=RESOURCES)),
        needs={"shares_filesystem": "it runs a tool of this machine"},
    )
    assert [*unkept(lent.executor, workload)] == [
        ("image", "what runs is of this machine: acme/load:1.0.0 has no effect on the executor local"),
        ("resources", "the executor local does not keep requests.cpu"),
    ]
    fraction = replace(workload, image="", resources={"limits": {"cpu": "1500m"}})
    assert [*unkept(lent.executor, fraction)] == [
        ("resources", "the executor local keeps limits.cpu in whole processors: 1500m allows 2")
    ]
    assert [*unmet(lent.executor, workload)] == []
    nothing = replace(workload, argv=[], image="")
    assert [*unmet(lent.executor, nothing)] == ["copy has neither a command nor an image to run"]

    class Elsewhere(LocalProcesses):
        name = "elsewhere"
        capabilities = Capabilities()

    imaged = replace(workload, argv=[], needs={})
    refused = "the executor elsewhere runs no images, and copy has the image acme/load:1.0.0 to run; expected a command"
    assert [*unmet(Elsewhere(), imaged)] == [refused]
    told = "the executor elsewhere runs no images: acme/load:1.0.0 has no effect"
    assert next(unkept(Elsewhere(), imaged)) == ("image", told)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds between attempts; a test waits a hundredth of them."""
    waited: list[float] = []
    real = execution.pause

    def pause(attempt: int) -> float:
        waited.append(real(attempt))
        return real(attempt) / 100

    monkeypatch.setattr(execution, "pause", pause)
    return waited


def attempts(folder: Path, until: int) -> str:
    """A script that counts its starts in a file, and fails before the given one."""
    return f"echo >> {folder}/starts; n=$(wc -l < {folder}/starts); echo try $n; test $n -ge {until}"


def test_a_job_that_fails_is_tried_again_after_pauses_that_double(
    lent: RunContext, tmp_path: Path, shown: list[str], pauses: list[float]
) -> None:
    outcome = run(Shell(), job("sh", "-c", attempts(tmp_path, 4), retries=5), lent)
    assert pauses == [1, 2, 4]
    assert outcome.notes == (*(f"attempt {number} failed: try {number}" for number in (1, 2, 3)), "try 4")
    assert shown[1] == "failed: try 1; retry 1 of 5 in 0.01 s"


def test_a_job_that_fails_each_time_tells_every_attempt(lent: RunContext, tmp_path: Path, pauses: list[float]) -> None:
    script = f"{attempts(tmp_path, 9)} || {{ echo {PASSWORD!r} $n; exit 1; }}"
    with pytest.raises(JobFailedError) as failure:
        run(Shell(), job("sh", "-c", script, retries=2), lent)
    assert failure.value.cause == "[secret] 3 (attempt 3)"
    assert failure.value.lines[-2:] == ("attempt 1 failed: [secret] 1", "attempt 2 failed: [secret] 2")
    assert (tmp_path / "starts").read_text().count("\n") == 3


def test_a_time_out_counts_as_a_failure_of_one_attempt(lent: RunContext, tmp_path: Path, pauses: list[float]) -> None:
    script = f"{attempts(tmp_path, 2)} || sleep 60"
    assert run(Shell(), job("sh", "-c", script, retries=1, timeout=0.5), lent).notes[1:] == ("try 2",)


def test_a_failure_that_another_attempt_would_repeat_is_final(lent: RunContext, pauses: list[float]) -> None:
    class Strict(Shell):
        def interpret(self, job: Job, lines: Lines, progress: Callable[[str], None]) -> RunResult:
            raise JobFailedError("not what was approved", is_final=True)

    for runtime, tried in (
        (Strict(), job("true", retries=3)),
        (Shell(), job("no-such-thing", retries=3)),
        (Shell(), job(settings={}, retries=3)),
    ):
        with pytest.raises(JobFailedError):
            run(runtime, tried, lent)
    assert pauses == []


def test_a_job_is_cancelled_between_two_attempts(lent: RunContext, tmp_path: Path) -> None:
    def cancel(text: str) -> None:
        if text.startswith("failed: "):
            lent.cancel.set()

    with pytest.raises(Cancelled):
        run(Shell(), job("sh", "-c", attempts(tmp_path, 9), retries=100), replace(lent, progress=cancel))
    assert (tmp_path / "starts").read_text().count("\n") == 1
