"""How dbt is called for a job: its worker, the profile, the folders of the cache, the options of each command."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

from datakit_iac.contract.job import Job
from datakit_iac.executors.workload import FOLDER, Workload
from datakit_iac.runtimes.dbt import profile, settings
from datakit_iac.runtimes.dbt.project.dbt_project import DbtProject
from datakit_iac.technologies.technology import location

CACHE_VARIABLE: Final = "DATAKIT_CACHE"
"""The variable that has the cache of all runs, which only an executor's machine knows."""
_CACHE: Final = f"$({CACHE_VARIABLE})"
_STRICTNESS: Final = ("--quiet", "--log-level-file", "none", "--no-use-colors", "--no-send-anonymous-usage-stats")


@cache
def worker() -> tuple[str, ...]:
    """What starts the worker, with the adapters that it imports ahead."""
    ahead = ",".join(each.module for each in profile.adapters().values())
    # -P: no folder of ours or of the user's may come before the real `dbt` on the path.
    return (sys.executable, "-P", str(Path(__file__).with_name("worker.py")), ahead)


def build(job: Job) -> Workload:
    """One build, by the worker, of the copy of the project in the cache.

    Raises:
        ValueError: dbt cannot do what the job asks for, or there is no dbt project.
    """
    project = DbtProject(Path(job.settings["project"]))
    described = profile_of(job, project)
    home, target = folders(job, project, described)
    options = [
        "--project-dir", f"{_CACHE}/{home}/project",
        "--profiles-dir", FOLDER,
        "--profile", profile.NAME,
        "--target", job.environment,
        "--target-path", f"{_CACHE}/{target}",
        "--log-path", f"{_CACHE}/{target}",
    ]  # fmt: skip
    return Workload(
        [*worker(), "build", *settings.options(job), "--", *options, *settings.variables(job), *_STRICTNESS],
        secret_env=described.env,
        # JSON is YAML too.
        files={"profiles.yml": json.dumps(described.content, indent=2)},
        needs={"shares_filesystem": f"dbt builds a copy of {project.root} on this machine"},
        worker=worker(),
    )


def deps(job: Job, folder: Path) -> Workload:
    """The packages of the project in a folder, fetched into it by the worker."""
    options = ["--project-dir", str(folder), "--log-path", str(folder), *_STRICTNESS, *settings.variables(job)]
    request = json.dumps({"names": [*job.variables]})
    return Workload([*worker(), "deps", *options], files={"request.json": request}, worker=worker())


def profile_of(job: Job, project: DbtProject) -> profile.Profile:
    """The profile of a job's databases.

    Raises:
        ValueError: dbt cannot do what the job asks for.
    """
    described = profile.profile(job.inputs, job.outputs, names_schemas=project.names_schemas)
    return replace(described, environment=job.environment)


def folders(job: Job, project: DbtProject, described: profile.Profile) -> tuple[Path, Path]:
    """The folders of a project in one database and of its target, below the cache of all runs.

    Each profile and each set of variables keeps a target: dbt parses everything again when one of them changes.
    """
    home = Path("dbt", _key(project.name, f"{project.root.absolute()} in {location(job.outputs[0])}"))
    said = json.dumps([described.content, *settings.variables(job)], sort_keys=True)
    return home, home / _key("target", said)


def _key(name: str, of: str) -> str:
    return f"{name}-{hashlib.sha256(of.encode()).hexdigest()[:8]}"
