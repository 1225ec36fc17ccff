"""The Runtimes `generic-python` and `generic-go`."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from datakit_iac.contract.job import Job
from datakit_iac.executors.lines import Lines
from datakit_iac.executors.protocol import LimitExceededError
from datakit_iac.executors.workload import Workload
from datakit_iac.findings.fault import Fault
from datakit_iac.runtimes.definition import digest, given_digest
from datakit_iac.runtimes.generic import folder, images, languages
from datakit_iac.runtimes.generic.building import scratch
from datakit_iac.runtimes.generic.output import Output
from datakit_iac.runtimes.generic.variables import said, variables
from datakit_iac.runtimes.job import JobFailedError, RunContext, RunResult, invalid_job
from datakit_iac.runtimes.projects import Dependency
from datakit_iac.technologies.technology import address

_PROJECT: Final = "project"
_SETTINGS: Final = frozenset({_PROJECT, "vars"})


class Generic:
    """Runs a Transform's command in its folder, or its image."""

    def __init__(self, language: languages.Language) -> None:
        self.name, self._language = language.name, language

    def check(self, job: Job) -> list[Fault]:
        """Faults of the settings, the folder and the command."""
        unknown = sorted(set(job.settings) - _SETTINGS)
        faults = [invalid_job(f"unknown setting {name!r}; expected {_PROJECT}", name) for name in unknown]
        if job.image:
            return faults
        if not job.settings.get(_PROJECT):
            return [*faults, invalid_job(_NO_FOLDER)]
        code = _code(job)
        if not code.is_dir():
            return [*faults, invalid_job(f"there is no folder {code}", _PROJECT)]
        try:
            folder.files(code)
            return [*faults, *map(invalid_job, self._language.faults(code, job.command))]
        except ValueError as fault:
            return [*faults, invalid_job(str(fault))]

    def located(self, settings: Mapping[str, Any], manifest: Path, root: Path) -> Mapping[str, str]:
        """The folder of the manifest, where the section names none; nothing where that is the whole project."""
        if project := settings.get(_PROJECT):
            return {_PROJECT: str(project)}
        found = Path(os.path.relpath(manifest.absolute().parent, root.absolute()))
        return {} if found == Path() else {_PROJECT: found.as_posix()}

    def dependencies(self, job: Job) -> tuple[Dependency, ...]:
        """None: the lock file of the language has them."""
        return ()

    def locks(self, job: Job) -> tuple[Path, ...]:
        """The lock file of the language, where the folder has one."""
        if job.image or not job.settings.get(_PROJECT):
            return ()
        file = _code(job) / self._language.lock
        return (file,) if file.is_file() else ()

    def definition(self, job: Job) -> str:
        """A digest of the files in the folder, or of the image, and of the DataSets of the job.

        Raises:
            ValueError: a file cannot be read.
        """
        datasets = {
            side: {each.name: [address(each), said(each)] for each in several}
            for side, several in (("inputs", job.inputs), ("outputs", job.outputs))
        }
        return digest([datasets, images.content(job.image) if job.image else folder.digests(_code(job))])

    def given(self, job: Job) -> Mapping[str, str]:
        """The digest of each file in the folder, by its path; none for an image.

        Raises:
            ValueError: a file cannot be read.
        """
        return {} if job.image else folder.shown(_code(job), folder.digests(_code(job)))

    def unseen(self, job: Job) -> list[str]:
        """An image by a tag, and packages without hashes: what a Run fetches may be anything by then."""
        if job.image:
            return [] if "@" in job.image else [f"the image {job.image} may change; name it by its digest"]
        try:
            return [*self._language.unseen(_code(job))]
        except (KeyError, ValueError):
            return []  # reported by `check`

    def render(self, job: Job) -> Workload:
        """The command, with its DataSets as environment variables; `prepared` builds what it needs.

        Raises:
            ValueError: the job cannot be run.
        """
        if faults := self.check(job):
            raise ValueError("; ".join(str(fault) for fault in faults))
        if job.image:
            return Workload(job.command, env=variables(job), image=job.image)
        code = _code(job)
        needs = {"shares_filesystem": f"it runs the code in {code} of this machine"}
        return Workload(job.command, env=variables(job), needs=needs, cwd=str(code))

    @contextlib.contextmanager
    def prepared(self, job: Job, workload: Workload, context: RunContext) -> Iterator[Workload]:
        """The workload with what it needs built; where people must approve, in a copy of the files that they approved.

        Raises:
            JobFailedError: it cannot be built, or the files are not those that were approved.
            Cancelled: the user stopped it.
        """
        with contextlib.ExitStack() as held:
            if job.image:
                context.confirm()
                yield replace(workload, mounts=images.mounts(job))
                return
            code = _code(job)
            if job.given:
                copied = held.enter_context(scratch(context))
                _demand_approved(job, folder.shown(code, folder.copy(code, copied)))
                code = copied
            context.confirm()
            ready = held.enter_context(self._language.ready(code, workload, context))
            env = {"DK_PYTHON": sys.executable, **ready.env}
            yield replace(ready, env=env, cwd=str(code.absolute()))

    def interpret(self, job: Job, lines: Lines, progress: Callable[[str], None]) -> RunResult:
        """What the command said that it counted.

        Raises:
            JobFailedError: it failed; the error has its last lines.
        """
        output = Output(progress)
        try:
            for line in lines:
                output.take(line)
        except (TimeoutError, LimitExceededError) as fault:
            raise JobFailedError(str(fault), output.last) from fault
        called = f"`{shlex.join(job.command)}`" if job.command else f"the program of {job.image or _code(job)}"
        return output.outcome(called, lines.exit_code)


_NO_FOLDER: Final = (
    "its manifest is in the project's own folder, so that its code would be the whole project; move it to a folder of"
    " its own, or name the folder of its code: `project: FOLDER` in the section of its runtime"
)


def _code(job: Job) -> Path:
    return Path(job.settings[_PROJECT])


def _demand_approved(job: Job, contents: Mapping[str, str]) -> None:
    if given_digest(contents) != job.given:
        raise JobFailedError(
            f"files of {_code(job)} are not those that were approved; nothing was run",
            ("run the update again: it will say what has changed",),
            is_final=True,
        )


class GenericPython(Generic):
    """A command in Python, with the packages that its folder asks for."""

    def __init__(self) -> None:
        super().__init__(languages.Python())


class GenericGo(Generic):
    """A program in Go, built of its folder."""

    def __init__(self) -> None:
        super().__init__(languages.Go())
