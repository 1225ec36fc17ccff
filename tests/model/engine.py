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

Left out: operations side by side (they come one after the other, in the order of registration), pending operations and
their warning after a kill, locks, the secrets' encryption, targets, `protect`, `ignoreChanges`, hooks, policy packs,
and Ctrl-C. `tests/model/test_engine.py` plays some of the same stories through the real engine.
"""

from __future__ import annotations

import asyncio
import contextvars
import gc
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from google.protobuf.struct_pb2 import Struct
from pulumi.runtime import mocks, settings, stack
from pulumi.runtime.proto import engine_pb2, provider_pb2, resource_pb2

from datakit_iac import Platform
from datakit_iac.provider import properties
from datakit_iac.provider.testing import Lifecycle, OperationError
from tests.model.jobs import Jobs
from tests.model.state import Outcome, Snapshot, State, label

PROJECT, STACK = "shop", "dev"


class Failed(Exception):  # noqa: N818 - what became of the update
    """The update failed; nothing further is begun."""


@dataclass(frozen=True)
class Kill:
    """Where an update is killed.

    Attributes:
        operation: the operation on a resource, counted from 0.
        when: before it begins; during it, for a Run when its job ended and nothing is verified yet, for others before
            they begin; after it, when it is done and not recorded yet.
    """

    operation: int
    when: Literal["before", "during", "after"] = "after"


class Engine:
    """The engine of one stack.

    Attributes:
        snapshot: what is recorded.
    """

    def __init__(self, lifecycle: Lifecycle, jobs: Jobs, root: Path) -> None:
        self._lifecycle, self._jobs, self._root = lifecycle, jobs, root
        self.snapshot = Snapshot()

    def copied(self, root: Path) -> Engine:
        """The same stack for a copy of the folder."""
        copy = Engine(self._lifecycle, self._jobs, root)
        copy.snapshot = self.snapshot
        return copy

    def up(self, *, replaced: str = "", kill: Kill | None = None) -> Outcome:
        """Bring the stack to what the program says.

        Args:
            replaced: the label of a resource that is replaced in any case (`--replace`).
            kill: where the engine is killed.
        """
        update = _Update(self._lifecycle, self._jobs, self.snapshot, replaced=replaced, kill=kill)
        return self._ended(update, preview=False)

    def preview(self) -> Outcome:
        """What `up` would do."""
        update = _Update(self._lifecycle, self._jobs, self.snapshot, preview=True)
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

    def _ended(self, update: _Update, *, preview: bool) -> Outcome:
        said = len(self._lifecycle.messages)
        self._jobs.ended.clear()
        try:
            _run(update, self._root, preview=preview)
            update.remove()
        except Exception as failure:
            update.outcome.error = update.outcome.error or f"{type(failure).__name__}: {failure}"
        update.outcome.messages = [*update.said, *(message.text for message in self._lifecycle.messages[said:])]
        update.outcome.jobs = [*self._jobs.ended]
        if not preview:
            self.snapshot = update.snapshot()
        return update.outcome


class _Update(mocks.MockMonitor):
    """The engine's ear for one program: each registration is carried out when it comes."""

    def __init__(
        self,
        lifecycle: Lifecycle,
        jobs: Jobs,
        before: Snapshot,
        *,
        preview: bool = False,
        replaced: str = "",
        kill: Kill | None = None,
    ) -> None:
        self._lifecycle, self._preview, self._replaced, self._kill = lifecycle, preview, replaced, kill
        self._jobs = jobs
        self._order = list(before)
        self._old = before.live()
        self._new: dict[str, State] = {}
        self._outdated = [state for state in before if state.replaced]
        self._taken: dict[str, str] = {}  # what became of an old resource, by URN
        self._gone: set[str] = set()
        self._operations = 0
        self.outcome = Outcome()
        self.said: list[str] = []

    # What the program asks.

    def Invoke(self, request: Any) -> Any:
        """Call a function of the provider."""
        asked = provider_pb2.InvokeRequest(tok=request.tok, args=request.args, preview=self._preview)
        answer = self._guarded(request.tok, lambda: self._lifecycle.call(self._lifecycle.stub.Invoke, asked))
        return resource_pb2.ResourceInvokeResponse(**{"return": getattr(answer, "return"), "failures": answer.failures})

    def RegisterResource(self, request: Any) -> Any:
        """Bring one resource to what the program says of it."""
        urn = self._urn(request)
        if not request.custom:
            self._new[urn] = State(urn, "", request.object, request.object, custom=False)
            self._taken[urn] = urn
            return resource_pb2.RegisterResourceResponse(urn=urn, object=request.object)
        done = self._guarded(label(urn), lambda: self._settled(urn, request))
        return resource_pb2.RegisterResourceResponse(urn=urn, id=done.id, object=done.outputs)

    def _urn(self, request: Any, name: str = "", kind: str = "") -> str:
        kind = kind or request.type
        if request.parent and not request.parent.split("::")[2].endswith("pulumi:pulumi:Stack"):
            kind = f"{request.parent.split('::')[2]}${kind}"
        return f"urn:pulumi:{STACK}::{PROJECT}::{kind}::{name or request.name}"

    def _guarded(self, what: str, deed: Callable[[], Any]) -> Any:
        if self.outcome.error:
            raise Failed(self.outcome.error)
        try:
            return deed()
        except OperationError as failure:
            self.outcome.error, self.outcome.failed = f"{what}: {failure}", what
            raise Failed(self.outcome.error) from None

    # What the engine does with one resource.

    def _settled(self, urn: str, request: Any) -> State:
        old = self._former(urn, request)
        inputs = self._checked(urn, old, request.object)
        if old is None:
            return self._created(urn, inputs)
        difference = None if self._is_forced(old) else self._difference(urn, old, inputs)
        if difference is None or difference.replaces:
            self._checked(urn, None, request.object)
            return self._replacement(urn, old, inputs)
        if difference.changes == provider_pb2.DiffResponse.DIFF_SOME or old.failed:
            return self._updated(urn, old, inputs)
        return self._recorded(replace(old, urn=urn, inputs=inputs))

    def _former(self, urn: str, request: Any) -> State | None:
        aliases = [alias.urn or self._urn(request, alias.spec.name, alias.spec.type) for alias in request.aliases]
        aliases += list(getattr(request, "aliasURNs", ()))
        for known in (urn, *aliases):
            if known in self._old and known not in self._taken:
                self._taken[known] = urn
                return self._old[known]
        return None

    def _is_forced(self, old: State) -> bool:
        return old.tainted or old.label == self._replaced

    def _checked(self, urn: str, old: State | None, inputs: Struct) -> Struct:
        request = provider_pb2.CheckRequest(urn=urn, olds=old.inputs if old else Struct(), news=inputs)
        answer = self._call("Check", request)
        if answer.failures:
            raise OperationError("\n".join(failure.reason for failure in answer.failures))
        checked: Struct = answer.inputs
        return checked

    def _difference(self, urn: str, old: State, inputs: Struct) -> Any:
        request = provider_pb2.DiffRequest(id=old.id, urn=urn, olds=old.outputs, news=inputs, old_inputs=old.inputs)
        return self._call("Diff", request)

    def _created(self, urn: str, inputs: Struct) -> State:
        request = provider_pb2.CreateRequest(urn=urn, properties=inputs, preview=self._preview)
        answer = self._operated("create", urn, inputs, lambda: self._call("Create", request))
        return self._recorded(State(urn, answer.id, inputs, answer.properties))

    def _updated(self, urn: str, old: State, inputs: Struct) -> State:
        request = provider_pb2.UpdateRequest(
            id=old.id, urn=urn, olds=old.outputs, news=inputs, old_inputs=old.inputs, preview=self._preview
        )
        answer = self._operated("update", urn, inputs, lambda: self._call("Update", request))
        return self._recorded(State(urn, old.id, inputs, answer.properties))

    def _replacement(self, urn: str, old: State, inputs: Struct) -> State:
        request = provider_pb2.CreateRequest(urn=urn, properties=inputs, preview=self._preview)
        outdated = replace(old, replaced=True)

        def outdate() -> None:
            self._outdated.append(outdated)

        answer = self._operated("replace", urn, inputs, lambda: self._call("Create", request), partly=outdate)
        outdate()
        return self._recorded(State(urn, answer.id, inputs, answer.properties))

    def _operated(
        self, kind: str, urn: str, inputs: Struct, deed: Callable[[], Any], partly: Callable[[], None] = lambda: None
    ) -> Any:
        """Do it; what is done half way is recorded, what is killed is not."""
        killed = (
            self._kill.when if self._kill and self._kill.operation == self._operations and not self._preview else ""
        )
        is_run = label(urn).startswith("Run ")
        if killed == "before" or (killed == "during" and not is_run):
            self._die("", urn)
        try:
            self._jobs.deadly = killed == "during"
            answer = deed()
        except OperationError as failure:
            if killed == "during":
                self.outcome.killed = (kind, label(urn))
            if failure.partial is not None:
                partly()
                outputs = properties.write(failure.partial["properties"])
                self._recorded(State(urn, failure.partial["id"], inputs, outputs, failed=str(failure)))
            raise
        finally:
            self._jobs.deadly = False
        if killed == "after":
            self._die(kind, urn)
        self._operations += 1
        self.outcome.operations.append((kind, label(urn)))
        return answer

    def _die(self, kind: str, urn: str) -> None:
        self.outcome.killed = (kind, label(urn))
        raise OperationError("killed")

    def _recorded(self, state: State) -> State:
        self._new[state.urn] = state
        return state

    def _call(self, method: str, request: object) -> Any:
        return self._lifecycle.call(getattr(self._lifecycle.stub, method), request)

    # The end.

    def remove(self) -> None:
        """Delete what was replaced, and what was not registered any more, the last made first.

        Raises:
            Failed: one could not be deleted.
        """
        gone = [state for state in self._order if state.custom and state.urn not in self._taken and not state.replaced]
        for state in reversed([*gone, *self._outdated]):
            self._guarded(state.label, partial(self._deleted, state))

    def _deleted(self, state: State) -> None:
        if not self._preview:
            request = provider_pb2.DeleteRequest(
                id=state.id, urn=state.urn, properties=state.outputs, old_inputs=state.inputs
            )
            self._operated("delete", state.urn, state.inputs, lambda: self._call("Delete", request))
        if state.replaced:
            self._outdated.remove(state)
        else:
            self._gone.add(state.urn)

    def snapshot(self) -> Snapshot:
        """What is recorded now: what this update did, then what it did not come to."""
        left = [
            state
            for urn, state in self._old.items()
            if urn not in self._gone and self._taken.get(urn, urn) not in self._new
        ]
        return Snapshot((*self._new.values(), *left, *self._outdated))


class _Ear:
    """The engine's log."""

    def __init__(self, said: list[str]) -> None:
        self._said = said

    def Log(self, request: Any) -> None:
        if request.severity != engine_pb2.DEBUG:
            self._said.append(request.message)


def _run(update: _Update, root: Path, *, preview: bool) -> None:
    """Run the program: a Platform of the manifests in `project`."""

    def program() -> None:
        Platform("platform", project="project")

    def within() -> None:
        features = set(update.GetDeploymentInfo(None).supportedFeatures)  # type: ignore[no-untyped-call]
        given: Mapping[str, Any] = {
            "monitor": update, "monitor_features": features, "engine": _Ear(update.said), "project": PROJECT,
            "stack": STACK, "dry_run": preview, "root_directory": str(root), "organization": "organization",
        }  # fmt: skip
        settings.configure(mocks.MockSettings(**given))  # type: ignore[no-untyped-call]
        loop = asyncio.new_event_loop()
        loop.set_exception_handler(lambda *_: None)  # what waited for a resource that failed tells nothing new
        # One thread, so that the order of operations is the program's own.
        with ThreadPoolExecutor(1, thread_name_prefix="program") as threads:
            loop.set_default_executor(threads)
            asyncio.set_event_loop(loop)
            try:
                loop.run_until_complete(stack.run_in_stack(program))
            finally:
                _end(loop)

    contextvars.Context().run(within)


def _end(loop: asyncio.AbstractEventLoop) -> None:
    """What the program still waits for never comes: its process would end."""
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    asyncio.set_event_loop(None)
    loop.close()
    gc.collect()
