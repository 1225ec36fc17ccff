"""Pulumi's engine in this process: the real program, the real provider, and between them what the engine does.

The program registers a real project through `pulumi.runtime`'s mocks; each registration goes to the real provider over
gRPC as the engine (3.259) sends it: check, diff, then create, update or replace. Followed are the rules of
`pkg/resource/deploy` that decide what becomes of data:

- what the provider answers with ErrorResourceInitFailed is recorded as partly there, and updated next time although
  nothing differs; a refresh reads every resource and forgets that it was only partly there;
- a resource registered with an alias takes over the state of its old name;
- replacing creates the new resource first, and deletes the old one after everything else, together with the resources
  that were not registered any more, the last made first;
- after the first failure nothing further is begun and nothing is deleted; what was done stays recorded;
- an operation during which the engine or the provider is killed is not recorded.

Left out: a process of its own for each provider that a program registers, operations side by side (they come one after
the other, in the order of registration), pending operations and their warning after a kill, locks, the secrets'
encryption, targets, `protect`, `ignoreChanges`, hooks, policy packs, and Ctrl-C. `tests/model/test_engine.py` plays
some of the same stories through the real engine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pulumi.runtime.proto import provider_pb2

from datakit_iac.testing.lifecycle import Lifecycle, OperationError
from tests.model.jobs import Jobs
from tests.model.program import platform, run
from tests.model.state import Outcome, Snapshot, State
from tests.model.update import Kill, Update


class Engine:
    """The engine of one stack.

    Attributes:
        snapshot: what is recorded.
    """

    def __init__(self, lifecycle: Lifecycle, jobs: Jobs, root: Path, program: Callable[[], None] = platform) -> None:
        self._lifecycle, self._jobs, self._root, self._program = lifecycle, jobs, root, program
        self.snapshot = Snapshot()

    def copied(self, root: Path) -> Engine:
        """The same stack for a copy of the folder."""
        copy = Engine(self._lifecycle, self._jobs, root, self._program)
        copy.snapshot = self.snapshot
        return copy

    def up(self, *, replaced: str = "", kill: Kill | None = None) -> Outcome:
        """Bring the stack to what the program says.

        Args:
            replaced: the label of a resource that is replaced in any case (`--replace`).
            kill: where the engine is killed.
        """
        update = Update(self._lifecycle, self._jobs, self.snapshot, replaced=replaced, kill=kill)
        return self._ended(update, preview=False)

    def preview(self) -> Outcome:
        """What `up` would do."""
        update = Update(self._lifecycle, self._jobs, self.snapshot, preview=True)
        return self._ended(update, preview=True)

    def refresh(self) -> Outcome:
        """Read each resource as it really is."""
        states: list[State] = []
        outcome = Outcome()
        for state in self.snapshot:
            if not state.custom or outcome.error:
                states.append(state)
                continue
            request = provider_pb2.ReadRequest(
                id=state.id, urn=state.urn, inputs=state.inputs, properties=state.outputs
            )
            try:
                found = self._lifecycle.call(self._lifecycle.stub.Read, request)
            except OperationError as failure:
                outcome.error = f"{state.label}: {failure}"
                states.append(state)
                continue
            if found.id:
                states.append(replace(state, id=found.id, inputs=found.inputs, outputs=found.properties, failed=""))
        self.snapshot = Snapshot(tuple(states))
        return outcome

    def taint(self, wanted: str) -> None:
        """Have a resource replaced by the next update."""
        if state := self.snapshot.named(wanted):
            self.snapshot = self.snapshot.tainted(state.urn)

    def _ended(self, update: Update, *, preview: bool) -> Outcome:
        said = len(self._lifecycle.messages)
        self._jobs.ended.clear()
        try:
            with self._lifecycle.update():
                run(update, update.said, self._root, preview=preview, program=self._program)
                update.remove()
        except Exception as failure:
            update.outcome.error = update.outcome.error or f"{type(failure).__name__}: {failure}"
        update.outcome.messages = [*update.said, *(message.text for message in self._lifecycle.messages[said:])]
        update.outcome.jobs = [*self._jobs.ended]
        if not preview:
            self.snapshot = update.snapshot()
        return update.outcome
