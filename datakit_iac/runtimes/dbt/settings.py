"""The section of a Transform for dbt: which project, and what of it; what is wrong with either."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from datakit_iac.contract.job import Job
from datakit_iac.findings.fault import Fault
from datakit_iac.findings.nearest import nearest
from datakit_iac.manifest import wording
from datakit_iac.runtimes.dbt import profile, references, workspace
from datakit_iac.runtimes.dbt.project import fetching
from datakit_iac.runtimes.dbt.project.configuration import ProjectError
from datakit_iac.runtimes.dbt.project.dbt_project import DbtProject
from datakit_iac.runtimes.dbt.project.selection import Selection, select
from datakit_iac.runtimes.dbt.project.variables import undeclared
from datakit_iac.runtimes.job import invalid_job

_SETTINGS: Final = ("project", "select", "exclude", "vars")


def faults(job: Job) -> list[Fault]:
    """What is wrong with the section; where nothing is, with the dbt project and the places of the DataSets."""
    return _of_section(job) or list(map(invalid_job, _of_project(job)))


def _of_section(job: Job) -> list[Fault]:
    found: list[Fault] = []
    if not isinstance(job.settings.get("project"), str):
        text = "`project` is missing; expected the folder with dbt_project.yml, e.g. `project: models/dbt`"
        found.append(invalid_job(text))
    for word in ("select", "exclude"):
        value = job.settings.get(word)
        if value is not None and not (isinstance(value, (list, tuple)) and all(isinstance(v, str) for v in value)):
            text = f"`{word}` is {wording.found(value)}; expected a list of dbt selectors, e.g. `{word}: [staging]`"
            found.append(invalid_job(text, word))
    if not isinstance(job.settings.get("vars") or {}, Mapping):
        text = f"`vars` is {wording.found(job.settings['vars'])}; expected a mapping"
        found.append(invalid_job(f"{text}, e.g. `vars: {{start: 2024-01-01}}`"))
    unknown = sorted(set(job.settings) - {*_SETTINGS})
    return [*found, *(invalid_job(f"unknown setting `{name}`: {nearest(name, _SETTINGS)}", name) for name in unknown)]


def _of_project(job: Job) -> Iterator[str]:
    try:
        profile.profile(job.inputs, job.outputs)
    except ValueError as fault:
        yield str(fault)
    try:
        project = DbtProject(Path(job.settings["project"]))
        yield from fetching.faults(project)
        yield from undeclared(project, job.variables.keys(), os.environ)
        yield from _of_selection(job, project)
    except ProjectError as fault:
        yield str(fault)


def _of_selection(job: Job, project: DbtProject) -> list[str]:
    """What is wrong with what is selected, each as one sentence; nothing where only dbt can tell what that is."""
    if not project.nodes:
        return [f"{project.root} has no models in {', '.join(project.paths('model'))}"]
    chosen = selection(job, project)
    if not chosen.exact:
        return []
    if chosen.nodes:
        return [
            *workspace.undeclared(project, chosen.nodes, job.inputs),
            *references.unlisted(project, chosen.nodes, job.inputs, job.context),
            *references.unmade(project, chosen.nodes, job.outputs),
        ]
    known = {part for node in project.nodes for part in node.fqn[1:]}
    words = " ".join(job.settings.get("select") or ())
    return [f"`select: [{words}]` matches no models of {project.root}: {nearest(words, known)}"]


def selection(job: Job, project: DbtProject) -> Selection:
    """What is selected, as far as that is known without dbt."""
    return select(project, job.settings.get("select") or (), job.settings.get("exclude") or ())


def variables(job: Job) -> list[str]:
    """The option that gives dbt the values of `var()`; they come before those of ``dbt_project.yml``."""
    values = job.settings.get("vars")
    return ["--vars", json.dumps(values, sort_keys=True, default=str)] if values else []


def options(job: Job) -> list[str]:
    """The options by which dbt selects the same."""
    return selectors(job.settings)


def selectors(said: Mapping[str, Any]) -> list[str]:
    """The options for what ``select`` and ``exclude`` say."""
    # A test of several models runs with the last of them to be built, not with the first.
    words = ["--indirect-selection", "buildable"]
    for setting in ("select", "exclude"):
        for selector in said.get(setting) or ():
            words += [f"--{setting}", selector]
    return words
