"""What the engine does with each resource that a program registers, and with those that it registers no more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

from google.protobuf.struct_pb2 import Struct
from pulumi.runtime import mocks
from pulumi.runtime.proto import provider_pb2, resource_pb2

from datakit_iac.provider import property_values
from datakit_iac.testing.lifecycle import Lifecycle, OperationError
from tests.model.jobs import Jobs
from tests.model.program import PROJECT, STACK
from tests.model.state import Outcome, Snapshot, State, label


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


class Update(mocks.MockMonitor):
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
        if not any("pulumi:providers:" in urn for urn in self._old):
            self._configure("", Struct(), Struct())  # as a process begins: this one was another stack's

    # What the program asks.

    def Invoke(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        """Call a function of the provider."""
        asked = provider_pb2.InvokeRequest(tok=request.tok, args=request.args, preview=self._preview)
        answer = self._guarded(request.tok, lambda: self._lifecycle.call(self._lifecycle.stub.Invoke, asked))
        return resource_pb2.ResourceInvokeResponse(**{"return": getattr(answer, "return"), "failures": answer.failures})

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        """Bring one resource to what the program says of it."""
        urn = self._urn(request)
        if not request.custom:
            self._new[urn] = State(urn, "", request.object, request.object, custom=False)
            self._taken[urn] = urn
            return resource_pb2.RegisterResourceResponse(urn=urn, object=request.object)
        settle = self._configured if request.type.startswith("pulumi:providers:") else self._settled
        done = self._guarded(label(urn), lambda: settle(urn, request))
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

    def _configured(self, urn: str, request: Any) -> State:
        """A provider: told how it was configured, and how it is; of the one process that there is here."""
        old, self._taken[urn] = self._old.get(urn), urn
        self._configure(urn, old.inputs if old else Struct(), request.object)
        return self._recorded(State(urn, request.name, request.object, request.object, custom=False))

    def _configure(self, urn: str, old: Struct, new: Struct) -> None:
        self._call("DiffConfig", provider_pb2.DiffRequest(urn=urn, old_inputs=old, news=new))
        self._call("Configure", provider_pb2.ConfigureRequest(urn=urn, args=new, acceptSecrets=True))

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
                outputs = property_values.write(failure.partial["properties"])
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
