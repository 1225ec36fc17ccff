"""Running a tool that builds what a job needs: its words are shown while it works, and are in the failure."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from datakit_iac.executors.local.run_folder import run_folder
from datakit_iac.executors.protocol import Cancelled
from datakit_iac.executors.workload import Workload
from datakit_iac.manifest.redaction import Redaction, secrets_in
from datakit_iac.runtimes.execution import started
from datakit_iac.runtimes.job import RunContext

_KEPT: Final = 12
_LONGEST: Final = 500


class BuildError(Exception):
    """A tool failed; its last lines are the arguments."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that builds something.

    Attributes:
        path: the program.
        inherits: how the names of the caller's variables begin by which it is set up and signs in.
    """

    path: str
    inherits: tuple[str, ...] = ()

    def run(self, arguments: Sequence[str], folder: Path, env: Mapping[str, str], context: RunContext) -> None:
        """Run it in a folder, without the variables of the job.

        Raises:
            BuildError: it failed.
            Cancelled: the user stopped it.
        """
        inherited = frozenset(name for name in os.environ if name.startswith(self.inherits))
        cwd = str(folder.absolute())
        workload = Workload([self.path, *arguments], env=env, inherits=inherited, cwd=cwd, name="build")
        hide = Redaction([*secrets_in({name: os.environ[name] for name in inherited})])
        last: deque[str] = deque(maxlen=_KEPT)
        with started(workload, context) as lines:
            for line in lines:
                if text := hide(line[:_LONGEST]).strip():
                    last.append(text)
                    context.progress(text)
            if lines.exit_code:
                raise BuildError(*last)


@contextmanager
def scratch(context: RunContext) -> Iterator[Path]:
    """An empty folder for a copy of the user's files, gone afterwards."""
    with run_folder(context.cache / "code", "copy") as folder:
        yield folder / "code"


def mind(context: RunContext) -> None:
    """Stop where the user wants to.

    Raises:
        Cancelled: the user does.
    """
    if context.cancel.is_set():
        raise Cancelled("the job was stopped")
