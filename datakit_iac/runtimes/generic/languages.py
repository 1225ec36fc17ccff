"""What generic runtimes know of the languages that their jobs are in."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol

from datakit_iac.executors.workload import Workload
from datakit_iac.runtimes.generic import go_build, virtualenv
from datakit_iac.runtimes.generic.requirements import LOCK, requirements
from datakit_iac.runtimes.job import JobFailedError, RunContext

_PYTHON: Final = frozenset({"python", "python3"})


class Language(Protocol):
    """What a generic runtime knows of the language that its jobs are in."""

    name: str
    lock: str

    def faults(self, code: Path, command: Sequence[str]) -> Iterator[str]:
        """What is wrong with a folder and the command that runs in it, each one sentence; nothing is run."""

    def unseen(self, code: Path) -> Iterator[str]:
        """What a Run would fetch whose content is not known beforehand."""

    def ready(self, code: Path, workload: Workload, context: RunContext) -> AbstractContextManager[Workload]:
        """The workload with what it needs built."""


def _program_faults(code: Path, program: str) -> Iterator[str]:
    """What is wrong with a program that nothing builds."""
    if os.sep in program:
        if shutil.which(code / program) is None:
            yield f"there is no program {program} in {code} that can be run"
    elif shutil.which(program) is None and not Path(sys.executable).with_name(program).exists():
        yield f"there is no program {program} on PATH"


class Python:
    """Python: what the folder asks for is installed in an environment of its own."""

    name, lock = "generic-python", LOCK

    def faults(self, code: Path, command: Sequence[str]) -> Iterator[str]:
        """A missing command, script or program."""
        asked = requirements(code)
        if asked and virtualenv.uv() is None:
            yield f"{code / asked.file} asks for packages, and {virtualenv.MISSING}"
        match [*command]:
            case []:
                yield "it has neither a `command` nor an `image` to run; say for instance command: [python, main.py]"
            case [program, script, *_] if program in _PYTHON and not script.startswith("-"):
                if not (code / script).exists():
                    yield f"there is no file {script} in {code}, which `{shlex.join(command)}` runs"
            case [program, *_] if program not in _PYTHON and (asked is None or os.sep in program):
                yield from _program_faults(code, program)

    def unseen(self, code: Path) -> Iterator[str]:
        """Packages that no lock file and no hash says."""
        if (asked := requirements(code)) and asked.chance:
            how = "`uv lock` writes one" if asked.file != "requirements.txt" else "`uv pip compile --generate-hashes`"
            yield f"{asked.chance}, so that a Run may install other packages; {how}"

    @contextlib.contextmanager
    def ready(self, code: Path, workload: Workload, context: RunContext) -> Iterator[Workload]:
        """The command with the environment of its folder; that of this installation, where the folder asks for none."""
        with contextlib.ExitStack() as held:
            try:
                asked = requirements(code)
            except ValueError as fault:
                raise JobFailedError(str(fault), is_final=True) from fault
            if asked:
                programs = held.enter_context(virtualenv.environment(code, asked, context))
            else:
                programs = Path(sys.executable).parent
            path = workload.env.get("PATH") or os.environ.get("PATH", os.defpath)
            env = {"PYTHONUNBUFFERED": "1", **workload.env, "PATH": f"{programs}{os.pathsep}{path}"}
            yield replace(workload, env=env)


class Go:
    """Go: the command is built before it runs."""

    name, lock = "generic-go", "go.sum"

    def faults(self, code: Path, command: Sequence[str]) -> Iterator[str]:
        """A missing compiler, module or program."""
        build = go_build.build(command)
        if build is None:
            yield from _program_faults(code, command[0])
        else:
            if go_build.go() is None:
                yield go_build.MISSING
            if not (code / go_build.MODULE).is_file():
                yield f"there is no {go_build.MODULE} in {code}; `go mod init NAME` there writes it"

    def unseen(self, code: Path) -> Iterator[str]:
        """Nothing: `go.sum` has the hashes of all modules."""
        return iter(())

    @contextlib.contextmanager
    def ready(self, code: Path, workload: Workload, context: RunContext) -> Iterator[Workload]:
        """The program that the command means."""
        build = go_build.build(workload.argv)
        if build is None:
            yield workload
            return
        with go_build.program(code, build.package, context) as program:
            yield replace(workload, argv=[str(program.absolute()), *build.arguments])
