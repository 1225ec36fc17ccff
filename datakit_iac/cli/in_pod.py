"""Runs one Transform in a pod that a schedule of the cluster started: ``python -m datakit_iac.cli.in_pod TRANSFORM``.

It is `dk run` with three things that only a pod has: the jobs are processes of the pod, whatever executor the
Environment names; the project's files, in the working directory of the image, may be read-only; and the time of the
schedule that it is started for is in the name of its Job.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from typing import Final

from datakit_iac.cli import exit_codes
from datakit_iac.cli.exit_codes import UsageError

JOB_VARIABLE: Final = "DATAKIT_JOB"
"""The variable with the name of the Job."""

_MINUTES: Final = re.compile(r"-(\d{8,9})$")
"""What CronJobs add to the name of each Job: the minutes since 1970 of the time that it is due."""


def main(arguments: list[str] | None = None) -> int:
    """Run it, and then what is on-change downstream; the exit code."""
    parser = ArgumentParser(prog="in_pod")
    parser.add_argument("transform")
    parser.add_argument("--env", required=True)
    parser.add_argument("--project", default=".", help="the folder of the manifests")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="datakit-") as name:
        shutil.copytree(Path.cwd(), name, symlinks=True, ignore=_left_out, dirs_exist_ok=True)
        os.chdir(name)
        try:
            return _run(options.transform, options.env, options.project)
        except UsageError as fault:
            print(fault, file=sys.stderr)
            return exit_codes.FINDINGS


def due(job: str) -> float | None:
    """The time that a Job of a CronJob is due; None for one that somebody started.

    >>> due("load-29384720"), due("load-by-hand")
    (1763083200.0, None)
    """
    found = _MINUTES.search(job)
    return int(found[1]) * 60.0 if found else None


def _left_out(folder: str, names: list[str]) -> list[str]:
    """What is no part of a project: environments of Python, and what runs leave behind."""
    return [each for each in names if each in (".datakit", ".git") or Path(folder, each, "pyvenv.cfg").exists()]


def _run(transform: str, environment: str, path: str) -> int:
    from datakit_iac.cli.output.runs import Display
    from datakit_iac.cli.runnable import meant, runnable
    from datakit_iac.scheduling.sequence import Asked, in_sequence

    project = runnable(environment, path)
    if project is None:
        return exit_codes.FINDINGS
    project = replace(project, where=lambda _: {})
    (name,) = meant(transform, Path.cwd(), project.resolved)
    when = due(os.environ.get(JOB_VARIABLE, ""))
    asked = [Asked(name, "manual" if when is None else "schedule", when)]
    asked += [Asked(each, "on-change") for each in project.after([name], every=False)]
    code = exit_codes.FINE
    with Display(project.stack) as display:
        for result in in_sequence(project, asked, display.operation):
            display.show(result)
            if result.state not in ("succeeded", "unchanged"):
                code = exit_codes.FINDINGS
    return code


if __name__ == "__main__":
    sys.exit(main())
