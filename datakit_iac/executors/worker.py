"""Carries out a whole job inside a container: ``python -m datakit_iac.executors.worker FILE``.

FILE is what `runtimes.whole_job` renders. The job runs with the runtimes of this installation, as processes of the
container, in its working directory, which may be read-only.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from datakit_iac.contract.encoding import MissingSecretError, decoded
from datakit_iac.contract.job import Job
from datakit_iac.executors.kubernetes.pod import LAST_LINE
from datakit_iac.executors.local.processes import LocalProcesses
from datakit_iac.executors.protocol import Cancelled
from datakit_iac.executors.workload import RUN_VARIABLE
from datakit_iac.runtimes.definition import definition
from datakit_iac.runtimes.execution import run
from datakit_iac.runtimes.job import JobFailedError, RunContext
from datakit_iac.runtimes.registry import runtime
from datakit_iac.runtimes.whole_job import FORMAT, MARK, outcome

_STOPPED = 130
_LONGEST = 4096


def main(file: str) -> int:
    """Carry out the job in a file; the exit code."""
    cancel = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: cancel.set())
    try:
        document = _read(Path(file))
        job = _job(document)
        with tempfile.TemporaryDirectory(prefix="datakit-") as scratch:
            cache = Path(scratch, "cache")
            cache.mkdir()
            context = RunContext(
                LocalProcesses(runs=Path(scratch, "runs")),
                cache,
                lambda text: _say("progress", text),
                cancel,
                lambda: _confirm(job, document["definition"]),
                lambda line: print(line, flush=True),
                os.environ.get(RUN_VARIABLE, ""),
            )
            _confirm(job, document["definition"])
            result = run(runtime(job.runtime), job, context)
    except JobFailedError as failure:
        _say("failed", {"cause": failure.cause, "lines": failure.lines, "final": failure.is_final})
        return 1
    except Cancelled:
        return _STOPPED
    _say("outcome", outcome(result))
    return 0


def _read(file: Path) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise JobFailedError(f"there is no job in {file}: {fault}", is_final=True) from fault
    return document


def _job(document: dict[str, Any]) -> Job:
    if (said := document.get("format")) != FORMAT:
        message = f"the job has format {said}, and datakit-iac of the image reads {FORMAT}: build the image again"
        raise JobFailedError(message, is_final=True)
    try:
        return decoded(document, os.environ)
    except MissingSecretError as missing:
        raise JobFailedError(str(missing), is_final=True) from missing
    except (KeyError, ValidationError) as fault:
        message = "datakit-iac of the image reads jobs otherwise: build the image again"
        raise JobFailedError(message, (f"{type(fault).__name__}: {fault}",), is_final=True) from fault


def _confirm(job: Job, expected: str) -> None:
    """Refuse to run other code than what the job was defined by."""
    try:
        found = definition(job)
    except LookupError as missing:
        raise JobFailedError(f"{missing}; build the image with it", is_final=True) from missing
    except ValueError as fault:
        raise JobFailedError(f"{fault}; the working directory is {Path.cwd()}", is_final=True) from fault
    if found != expected:
        cause = f"the files of the image in {Path.cwd()} are not those of the project; nothing was run"
        raise JobFailedError(cause, ("build the image again from the project as it is",), is_final=True)


def _say(what: str, content: object) -> None:
    line = MARK + json.dumps({what: content})
    print(line, flush=True)
    if what != "progress" and len(line) <= _LONGEST:
        with contextlib.suppress(OSError):  # on other executors there is no such file
            Path(LAST_LINE).write_text(line)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m datakit_iac.executors.worker FILE")
    sys.exit(main(sys.argv[1]))
