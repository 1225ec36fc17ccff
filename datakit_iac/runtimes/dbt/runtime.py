"""The Runtime `dbt`."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from datakit_iac.contract.dataset import BoundDataSet, DataSetReference
from datakit_iac.contract.job import Job
from datakit_iac.executors.local.processes import LocalProcesses
from datakit_iac.executors.protocol import Cancelled, Executor
from datakit_iac.manifest.redaction import Redaction
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.runtimes.dbt import (
    caches,
    fetching,
    given,
    overlay,
    parsed,
    profile,
    references,
    results,
    settings,
    variables,
)
from datakit_iac.runtimes.dbt.definition import digest
from datakit_iac.runtimes.dbt.described import described
from datakit_iac.runtimes.dbt.ports import ports
from datakit_iac.runtimes.dbt.project import DbtProject, ProjectError
from datakit_iac.runtimes.dbt.session import Event, Request, Session
from datakit_iac.runtimes.definition import given_digest, variable_digests
from datakit_iac.runtimes.described import Described
from datakit_iac.runtimes.job import JobFailedError, Outcome, Surroundings
from datakit_iac.technologies.technology import address


class Dbt:
    """Builds and tests the models that a Transform selects of a dbt project.

    The worker process that has dbt imported is kept between jobs; `warm` starts it ahead, `close` ends it (it ends
    with this process in any case).
    """

    name = "dbt"

    def __init__(self) -> None:
        self._session = Session()
        self._parsed = parsed.Parsed()

    def warm(self, executor: Executor | None = None) -> None:
        """Start the worker, and return at once; again costs nothing."""
        self._session.warm(executor or LocalProcesses())

    def close(self) -> None:
        """End the worker."""
        self._session.close()

    def check(self, job: Job) -> list[str]:
        """Faults of the settings, of the dbt project and of where its DataSets lie."""
        if faults := settings.faults(job):
            return faults
        try:
            profile.profile(job.inputs, job.outputs)
        except ValueError as fault:
            faults.append(str(fault))
        try:
            project = DbtProject(Path(job.settings["project"]))
            faults += fetching.faults(project)
            faults += variables.undeclared(project, job.variables.keys(), os.environ)
            return faults + settings.faults_of_selection(job, project)
        except ProjectError as fault:
            return [*faults, str(fault)]

    def described(self, job: Job) -> Mapping[str, Described]:
        """What the dbt project says of the models that the outputs are; nothing where it cannot be read."""
        try:
            said = described(DbtProject(Path(job.settings["project"])))
        except (ProjectError, KeyError):
            return {}  # told by `check`
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
            return ()  # told by `check`

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

    def unseen(self, job: Job) -> list[str]:
        """The packages that a Run would fetch, which nobody can look at before."""
        try:
            return fetching.unseen(DbtProject(Path(job.settings["project"])))
        except (ProjectError, KeyError):
            return []  # told by `check`

    def run(self, job: Job, surroundings: Surroundings) -> Outcome:
        """Build and test.

        Raises:
            JobFailedError: a model or a test failed, or dbt could not begin.
            Cancelled: the user stopped it.
        """
        surroundings.progress("starting dbt")
        try:
            project = DbtProject(Path(job.settings["project"]))
            described = profile.profile(job.inputs, job.outputs, names_schemas=project.names_schemas)
            described = replace(described, environment=job.environment)
            home = surroundings.cache / "dbt" / _key(project.name, str(project.root.absolute()))
            project = self._with_packages(project, home, job, surroundings)
        except (ProjectError, ValueError) as fault:
            raise JobFailedError(str(fault)) from None
        # Each profile and each set of variables keeps a target: dbt parses everything anew when one of them changes.
        words = settings.variables(job)
        target = home / _key("target", json.dumps([described.content, *words], sort_keys=True))
        _write_profile(described, surroundings.folder)
        request = Request(
            [*_options(home / "project", surroundings.folder, target, job.environment), *words, *_strictness()],
            settings.options(job),
            (home / "project").absolute(),
            ports(job, project, described),
            {**described.env, **job.variables},
        )
        progress = _Progress(surroundings.progress)
        progress.warnings += fetching.unlocked(project)

        def prepare() -> None:
            (target / "run_results.json").unlink(missing_ok=True)
            copied = overlay.build(project, home / "project", overlay.sources(project, _datasets(job), described))
            if job.given and given_digest(_shown(project, copied)) != job.given:
                raise JobFailedError(
                    f"files of {project.root} are not those that were approved; nothing was built",
                    ("run the update again: it will say what has changed",),
                )
            surroundings.confirm()
            if job.given:
                self._parsed.demand_ours(target)

        try:
            with caches.held(surroundings.cache / "dbt", home, target):
                error = self._session.ask(
                    request,
                    surroundings.executor,
                    surroundings.folder,
                    timeout=job.timeout,
                    cancel=surroundings.cancel,
                    on_event=progress.hear,
                    prepare=prepare,
                )
                if job.given:
                    self._parsed.remember(target)
                if progress.faults:
                    raise JobFailedError(progress.faults[0], tuple(progress.faults[1:]))
                if error:
                    raise results.parse_failure(error, project.root, (home / "project").absolute())
                return results.outcome(target, project.root, progress.warnings, progress.building, described.database)
        except ProjectError as fault:
            raise JobFailedError(str(fault)) from None
        except JobFailedError as failure:
            raise _redacted(failure, request.env.values()) from None

    def _with_packages(self, project: DbtProject, home: Path, job: Job, surroundings: Surroundings) -> DbtProject:
        """The project with all its packages; those that are not installed are fetched into its cache."""
        if not fetching.missing(project):
            return project
        if job.given:
            raise JobFailedError(fetching.unseen(project)[0])
        surroundings.progress("fetching the packages of dbt")

        def deps(folder: Path) -> str:
            options = ["--project-dir", str(folder), "--log-path", str(folder), *_strictness()]
            request = Request([*options, *settings.variables(job)], (), folder, {}, job.variables, "deps")
            return self._session.ask(
                request,
                surroundings.executor,
                surroundings.folder,
                timeout=job.timeout,
                cancel=surroundings.cancel,
                on_event=lambda _: None,
            )

        def mind() -> None:
            if surroundings.cancel.wait(0.1):
                raise Cancelled("dbt was stopped")

        values = [job.settings.get("vars"), variable_digests(job.variables)]
        try:
            return DbtProject(project.root, fetching.fetch(project, home, values, deps, mind))
        except JobFailedError as failure:
            raise _redacted(failure, job.variables.values()) from None
        except OSError as fault:
            raise JobFailedError(f"the packages of {project.root} cannot be kept in {home}: {fault.strerror}") from None


class _Progress:
    """Counts what is done, and shows it."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self.warnings: list[str] = []
        self.faults: list[str] = []
        self.building: dict[str, dict[str, Any]] = {}
        self._show = show
        self._selected: dict[str, int] = {}
        self._done: Counter[str] = Counter()

    def hear(self, event: Event) -> None:
        """Take an event of the worker."""
        if warning := event.get("warning"):
            self.warnings.append(" ".join(str(warning).split()))
            return
        self.faults += event.get("faults", ())
        self.building |= event.get("building", {})
        if selected := event.get("selected"):
            self._selected = dict(selected)
        if kind := event.get("done"):
            self._done[kind] += 1
        if self._selected:
            parts = (f"{self._done[kind]} of {total} {kind}s" for kind, total in sorted(self._selected.items()))
            self._show(", ".join(parts))


def _datasets(job: Job) -> list[BoundDataSet | DataSetReference]:
    known: tuple[BoundDataSet | DataSetReference, ...] = (*job.context, *job.inputs)
    return list({(each.store, each.name): each for each in known}.values())


def _shown(project: DbtProject, contents: Mapping[str, str]) -> dict[str, str]:
    return {project.place(Path(file)).as_posix(): content for file, content in contents.items()}


def _key(name: str, of: str) -> str:
    return f"{name}-{hashlib.sha256(of.encode()).hexdigest()[:8]}"


def _write_profile(described: profile.Profile, folder: Path) -> None:
    # JSON is YAML too.
    handle = os.open(folder / "profiles.yml", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(described.content, file, indent=2)


def _options(project: Path, profiles: Path, target: Path, environment: str) -> list[str]:
    return [
        "--project-dir", str(project.absolute()),
        "--profiles-dir", str(profiles.absolute()),
        "--profile", profile.NAME,
        "--target", environment,
        "--target-path", str(target.absolute()),
        "--log-path", str(target.absolute()),
    ]  # fmt: skip


def _strictness() -> list[str]:
    return ["--quiet", "--log-level-file", "none", "--no-use-colors", "--no-send-anonymous-usage-stats"]


def _redacted(failure: JobFailedError, variables: Iterable[str | Secret]) -> JobFailedError:
    hide = Redaction(each.reveal() for each in variables if isinstance(each, Secret))
    return JobFailedError(hide(failure.cause), tuple(map(hide, failure.lines)))
