"""A workspace whose engine is in this process: the real program, provider, CloudQuery and dbt, without Pulumi."""

from __future__ import annotations

import contextlib
import os
import runpy
from pathlib import Path
from unittest import mock

from datakit_iac.testing.lifecycle import Lifecycle
from tests.model.engine import Engine
from tests.model.jobs import Jobs
from tests.model.state import Outcome as Done
from tests.model.state import Snapshot, label
from tests.model.update import Failed, Update
from tests.scenarios.workspace import PROGRAM, Outcome, Workspace


class InProcess(Workspace):
    """The same project and the same commands as of a `Workspace`, at a fraction of the time.

    What is told is what the program and the provider say, without what Pulumi prints itself. See `tests.model.engine`
    for what this engine leaves out.
    """

    def __init__(self, root: Path, lifecycle: Lifecycle, *, copy_of: Engine | None = None) -> None:
        self._lifecycle, self._jobs = lifecycle, Jobs()
        super().__init__(root, made=True)
        if copy_of:
            self.engine = copy_of.copied(root)
        else:
            self.engine = Engine(lifecycle, self._jobs, root, _program)
            self.write("__main__.py", PROGRAM)
            self.project.mkdir(exist_ok=True)

    def copied(self, root: Path) -> InProcess:
        """The same project, state and data in another folder."""
        super().copied(root)
        return InProcess(root, self._lifecycle, copy_of=self.engine)

    def _told(self, *arguments: str) -> Outcome:
        command, *options = arguments
        with contextlib.chdir(self.root), mock.patch.dict(os.environ, self.env, clear=True):
            match command:
                case "up":
                    return self._up(options)
                case "preview":
                    return _outcome(self.engine.preview())
                case "refresh":
                    return self._refreshed()
                case "destroy":
                    return self._destroyed()
        raise AssertionError(f"{command} needs Pulumi's own engine")

    def _up(self, options: list[str]) -> Outcome:
        known = {"--yes", "--skip-preview", "--replace", "--refresh"}
        assert {each for each in options if each.startswith("--")} <= known, options
        replaced = label(options[options.index("--replace") + 1]) if "--replace" in options else ""
        if "--refresh" in options:
            self._refreshed().ok()
        if "--skip-preview" not in options and (foreseen := self.engine.preview()).error:
            return _outcome(foreseen)
        return _outcome(self.engine.up(replaced=replaced))

    def _refreshed(self) -> Outcome:
        before = self.engine.snapshot.live()
        done = self.engine.refresh()
        after = self.engine.snapshot.live()
        for urn, state in before.items():
            if urn not in after:
                done.operations.append(("delete", state.label))
            elif after[urn].outputs != state.outputs:
                done.operations.append(("update", state.label))
        return _outcome(done)

    def _destroyed(self) -> Outcome:
        update = Update(self._lifecycle, self._jobs, self.engine.snapshot)
        with self._lifecycle.update(), contextlib.suppress(Failed):
            update.remove()
        left = [state for state in update.snapshot() if state.custom]
        self.engine.snapshot = Snapshot(tuple(left))
        return _outcome(update.outcome)


def _program() -> None:
    runpy.run_path("__main__.py")


def _outcome(done: Done) -> Outcome:
    text = "\n".join([*done.messages, done.error])
    return Outcome(1 if done.error else 0, text, {name: kind for kind, name in done.operations})
