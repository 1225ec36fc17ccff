"""The Runtime `dbt`."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from datakit_iac.contract.dataset import BoundDataSet, DataSetReference
from datakit_iac.contract.job import Job
from datakit_iac.executors.lines import Lines
from datakit_iac.executors.protocol import Cancelled
from datakit_iac.executors.workload import Workload
from datakit_iac.findings.fault import Fault
from datakit_iac.runtimes.dbt import (
    caches,
    carried,
    invocation,
    parsed,
    references,
    results,
    settings,
    workspace,
)
from datakit_iac.runtimes.dbt.definition_hash import digest
from datakit_iac.runtimes.dbt.events import Events
from datakit_iac.runtimes.dbt.ports import ports
from datakit_iac.runtimes.dbt.project import fetching, given, packages
from datakit_iac.runtimes.dbt.project.configuration import ProjectError
from datakit_iac.runtimes.dbt.project.dbt_project import DbtProject
from datakit_iac.runtimes.dbt.project.documentation import described
from datakit_iac.runtimes.dbt.project.locating import project_folder
from datakit_iac.runtimes.definition import given_digest, variable_digests
from datakit_iac.runtimes.documentation import ModelDocumentation
from datakit_iac.runtimes.execution import of_job, started
from datakit_iac.runtimes.job import JobFailedError, RunContext, RunResult
from datakit_iac.runtimes.projects import Dependency
from datakit_iac.technologies.technology import address, location

_POLL: Final = 0.1


class Dbt:
    """Builds and tests the models that a Transform selects of a dbt project."""

    name = "dbt"

    def __init__(self) -> None:
        self._parsed = parsed.Parsed()
        self._turns: dict[str, threading.Lock] = {}

    def worker(self) -> Workload:
        """The process that has dbt imported, which an Executor may keep between jobs."""
        return Workload(invocation.worker(), worker=invocation.worker())

    def check(self, job: Job) -> list[Fault]:
        """Faults of the settings, of the dbt project and of the places of its DataSets."""
        return settings.faults(job)

    def described(self, job: Job) -> Mapping[str, ModelDocumentation]:
        """What the dbt project says of the models that the outputs are; nothing where it cannot be read."""
        try:
            said = described(DbtProject(Path(job.settings["project"])))
        except (ProjectError, KeyError):
            return {}  # reported by `check`
        called = {
            each.name: (str(each.place).rpartition(".")[2].lower(), each.name.replace("-", "_")) for each in job.outputs
        }
        found = {name: next((said[one] for one in names if one in said), None) for name, names in called.items()}
        return {name: each for name, each in found.items() if each}

    def beside(self, job: Job) -> tuple[str, ...]:
        """The selected models that are none of the outputs; nothing where only dbt can tell what is selected."""
        try:
            project = DbtProject(Path(job.settings["project"]))
            chosen = settings.selection(job, project)
            return references.beside(project, chosen.nodes, job.outputs) if chosen.exact else ()
        except (ProjectError, KeyError):
            return ()  # reported by `check`

    def definition(self, job: Job) -> str:
        """A digest of the selected files, of all they depend on, and of the tables they stand for.

        Raises:
            ProjectError: there is no dbt project where the settings say.
        """
        project = DbtProject(Path(job.settings["project"]))
        chosen = settings.selection(job, project)
        places = {
            word: {dataset.name: [dataset.store, address(dataset)] for dataset in datasets}
            for word, datasets in (("inputs", job.inputs), ("outputs", job.outputs))
        }
        words = {} if chosen.exact else {word: sorted(job.settings.get(word) or ()) for word in ("select", "exclude")}
        values = {"vars": job.settings["vars"]} if job.settings.get("vars") else {}
        return digest(project, chosen, {**places, **words, **values})

    def given(self, job: Job) -> Mapping[str, str]:
        """The digest of each file of the dbt project that dbt is given, by its path.

        Raises:
            ProjectError: there is no dbt project where the settings say, or a file cannot be read.
        """
        project = DbtProject(Path(job.settings["project"]))
        return _shown(project, given.digests(project))

    def located(self, settings: Mapping[str, Any], manifest: Path, root: Path) -> Mapping[str, str]:
        """The folder of the dbt project: beside the manifest or above it, where the section does not say.

        Raises:
            NotFoundError: there is none.
        """
        return {"project": project_folder(settings, manifest, root)}

    def dependencies(self, job: Job) -> tuple[Dependency, ...]:
        """The packages that the dbt project asks for."""
        return packages.dependencies(Path(job.settings["project"]))

    def locks(self, job: Job) -> tuple[Path, ...]:
        """Dbt's lock file, where there is one."""
        file = Path(job.settings["project"], packages.LOCK)
        return (file,) if file.is_file() else ()

    def unseen(self, job: Job) -> list[str]:
        """The packages that a Run would fetch, so that no approver can see them before."""
        try:
            return fetching.unseen(DbtProject(Path(job.settings["project"])))
        except (ProjectError, KeyError):
            return []  # reported by `check`

    def render(self, job: Job) -> Workload:
        """One build, by the worker, of the copy of the project in the cache; `prepared` makes that copy.

        Raises:
            ValueError: dbt cannot do what the job asks for, or there is no dbt project.
        """
        return invocation.build(job)

    @contextlib.contextmanager
    def prepared(self, job: Job, workload: Workload, context: RunContext) -> Iterator[Workload]:
        """The workload on a fresh copy of the project, with its packages; builds in one database take turns.

        Raises:
            JobFailedError: the project cannot be copied, or differs from what was approved.
            Cancelled: the user stopped it.
        """
        context.progress("starting dbt")
        try:
            project = DbtProject(Path(job.settings["project"]))
            described = invocation.profile_of(job, project)
            home, target = (context.cache / each for each in invocation.folders(job, project, described))
            project = self._with_packages(project, home, job, context)
            with (
                caches.held(context.cache / "dbt", home, target),
                self._turn(location(job.outputs[0]), context.cancel),
                carried.rows(job, home, context, keeping=project.may_say("incremental")) as carrying,
            ):
                request = {
                    "names": [*described.env, *job.variables, *carrying],
                    "ports": ports(job, project, described),
                }
                copied = workspace.build(
                    project, home / "project", workspace.sources(project, _datasets(job), described)
                )
                if job.given and given_digest(_shown(project, copied)) != job.given:
                    raise JobFailedError(
                        f"files of {project.root} are not those that were approved; nothing was built",
                        ("run the update again: it will say what has changed",),
                        is_final=True,
                    )
                context.confirm()
                with self._parsed.ours(target) if job.given else contextlib.nullcontext():
                    yield replace(
                        workload,
                        env={**workload.env, **carrying, invocation.CACHE_VARIABLE: str(context.cache.absolute())},
                        files={**workload.files, "request.json": json.dumps(request)},
                    )
        except ProjectError as fault:
            raise JobFailedError(str(fault)) from None

    def interpret(self, job: Job, lines: Lines, progress: Callable[[str], None]) -> RunResult:
        """What was built and tested.

        Raises:
            JobFailedError: a model or a test failed, or dbt could not begin.
        """
        project = DbtProject(Path(job.settings["project"]))
        events = Events(progress)
        for line in lines:
            events.take(line)
        error, folders = events.reply(lines.exit_code)
        if events.faults:
            raise JobFailedError(events.faults[0], tuple(events.faults[1:]), is_final=True)
        if error:
            raise results.parse_failure(error, project.root, folders)
        warnings = [*fetching.unlocked(project), *events.warnings]
        database = invocation.profile_of(job, project).database
        return results.outcome([*events.results(project.root)], warnings, events.building, database)

    @contextlib.contextmanager
    def _turn(self, database: str, cancel: threading.Event) -> Iterator[None]:
        turn = self._turns.setdefault(database, threading.Lock())
        while not turn.acquire(timeout=_POLL):
            if cancel.is_set():
                raise Cancelled("dbt was stopped")
        try:
            yield
        finally:
            turn.release()

    def _with_packages(self, project: DbtProject, home: Path, job: Job, context: RunContext) -> DbtProject:
        """The project with all its packages; those that are not installed are fetched into its cache."""
        if not fetching.missing(project):
            return project
        if job.given:
            raise JobFailedError(fetching.unseen(project)[0], is_final=True)
        context.progress("fetching the packages of dbt")

        def deps(folder: Path) -> str:
            events = Events()
            with started(of_job(invocation.deps(job, folder), job), context) as lines:
                for line in lines:
                    events.take(line)
                return events.reply(lines.exit_code)[0]

        def mind() -> None:
            if context.cancel.wait(_POLL):
                raise Cancelled("dbt was stopped")

        values = [job.settings.get("vars"), variable_digests(job.variables)]
        try:
            return DbtProject(project.root, fetching.fetch(project, home, values, deps, mind))
        except OSError as fault:
            raise JobFailedError(f"the packages of {project.root} cannot be kept in {home}: {fault.strerror}") from None


def _datasets(job: Job) -> list[BoundDataSet | DataSetReference]:
    known: tuple[BoundDataSet | DataSetReference, ...] = (*job.context, *job.inputs)
    return list({(each.store, each.name): each for each in known}.values())


def _shown(project: DbtProject, contents: Mapping[str, str]) -> dict[str, str]:
    return {project.place(Path(file)).as_posix(): content for file, content in contents.items()}
