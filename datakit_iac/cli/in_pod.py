"""Runs one Transform, or the scheduler, in a pod that a cluster started: ``python -m datakit_iac.cli.in_pod``.

It is `dk run` or `dk scheduler` with what only a pod has: the project's files, in the working directory of the image,
may be read-only; and the cluster is the one that it is in, whatever context the Environment names. The scheduler starts
all that it runs as Jobs. The pod of a Transform is its job's place already: it runs as processes of the pod, unless it
has an image of its own. The time of the schedule that it is started for is in the name of its Job.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from datakit_iac.cli import exit_codes
from datakit_iac.cli.exit_codes import UsageError

if TYPE_CHECKING:
    from datakit_iac.contract.job import Job
    from datakit_iac.scheduling.runnable import RunnableProject

JOB_VARIABLE: Final = "DATAKIT_JOB"
"""The variable with the name of the Job."""

_MINUTES: Final = re.compile(r"-(\d{8,9})$")
"""What CronJobs add to the name of each Job: the minutes since 1970 of the time that it is due."""


def main(arguments: list[str] | None = None) -> int:
    """Run it, and then what is on-change downstream; the exit code."""
    parser = ArgumentParser(prog="in_pod")
    parser.add_argument("transform", nargs="?", help="what is run; without one, the scheduler is")
    parser.add_argument("--env", required=True)
    parser.add_argument("--project", default=".", help="the folder of the manifests")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="datakit-") as name:
        shutil.copytree(Path.cwd(), name, symlinks=True, ignore=_left_out, dirs_exist_ok=True)
        os.chdir(name)
        try:
            return _run(options) if options.transform else _schedule(options)
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
    """What is not part of a project: virtual environments, and what runs leave behind."""
    return [each for each in names if each in (".datakit", ".git") or Path(folder, each, "pyvenv.cfg").exists()]


def _run(options: Namespace) -> int:
    from datakit_iac.cli.output.runs import Display
    from datakit_iac.cli.runnable import meant, runnable
    from datakit_iac.manifest.models.section import runs_command
    from datakit_iac.scheduling.sequence import Asked, in_sequence

    if (project := runnable(options.env, options.project)) is None:
        return exit_codes.FINDINGS
    cluster = _this_cluster(project)

    def where(job: Job) -> Mapping[str, Any]:
        return cluster if job.image and runs_command(job.runtime) else {}

    project = replace(project, where=where)
    (name,) = meant(options.transform, Path.cwd(), project.resolved)
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


def _schedule(options: Namespace) -> int:
    from datakit_iac.cli.commands import scheduler
    from datakit_iac.cli.runnable import reloading

    parser = ArgumentParser()
    scheduler.configure(parser)
    said = parser.parse_args(["--env", options.env, "--project", options.project, "--no-schedules"])
    changed = reloading(options.env, options.project)

    def load() -> RunnableProject | None:
        if (project := changed()) is None:
            return None
        cluster = _this_cluster(project)
        return replace(project, where=lambda _: cluster)

    return scheduler.serve(said, load)


def _this_cluster(project: RunnableProject) -> Mapping[str, Any]:
    """The executor as the Environment says it, without the kubeconfig's context, which no pod has."""
    from datakit_iac.environment import limits

    said = limits.executor(project.resolved.environment) or {}
    return {name: value for name, value in said.items() if name != "context"}


if __name__ == "__main__":
    sys.exit(main())
