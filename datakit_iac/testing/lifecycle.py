"""A test kit for lifecycles: a provider in this process, over real gRPC, without Pulumi's command-line tool.

`Lifecycle` serves resource types as the plugin does and acts as the engine: it keeps the state of each resource,
asks the provider what the engine would ask in the same order, and collects what is said to the user.

>>> from datakit_iac.provider.registry import TYPES
>>> with Lifecycle(TYPES) as lifecycle:
...     catalog = lifecycle.subject("datakit:index:Connector", "duckdb")
...     print(catalog.up({"name": "duckdb", "technology": "duckdb"}).kind)
...     print(catalog.up({"name": "duckdb", "technology": "duckdb", "version": "1.4.2"}).kind)
create
update
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Literal, Self

import grpc
import grpc.aio
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, provider_pb2_grpc, status_pb2

from datakit_iac.provider import property_values
from datakit_iac.provider.messages import Engine
from datakit_iac.provider.open_stores import close_all
from datakit_iac.provider.protocol import Properties, ResourceType
from datakit_iac.provider.servicer import Invocation, Servicer
from datakit_iac.version import __version__

PATIENCE: Final = 30.0
"""Seconds after which an operation that does not end fails the test."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something the provider said to the user.

    Attributes:
        urn: the resource it stands under.
        text: what was said.
        warning: whether it is a warning.
        status: whether the next one takes its place.
    """

    urn: str
    text: str
    warning: bool
    status: bool


@dataclass(frozen=True, slots=True)
class Step:
    """What the engine would do with a resource.

    Attributes:
        kind: what happens.
        changed: the inputs that differ.
        replaces: those of them that make a new resource necessary.
    """

    kind: Literal["same", "create", "update", "replace"]
    changed: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()


class RefusedError(Exception):
    """The provider finds fault with inputs; the text is each reason on a line of its own."""

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("\n".join(reasons))


class OperationError(Exception):
    """An operation failed; the text is what the user reads.

    Attributes:
        partial: what was recorded of a resource that failed half way; None where nothing was.
    """

    def __init__(self, message: str, partial: Mapping[str, Any] | None = None) -> None:
        self.partial = partial
        super().__init__(message)


class Lifecycle:
    """A served provider and what the engine would keep of it.

    Args:
        types: a `ResourceType` for each type token.
        functions: a function for each function token.
        project: the Pulumi project's name.
        stack: the stack's name.

    Attributes:
        messages: what was said to the user so far.
    """

    def __init__(
        self,
        types: Mapping[str, ResourceType],
        functions: Mapping[str, Invocation] | None = None,
        *,
        project: str = "project",
        stack: str = "dev",
    ) -> None:
        self.messages: list[Message] = []
        self._types, self._functions = types, functions or {}
        self._is_updating = False
        self._stack = f"urn:pulumi:{stack}::{project}"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="lifecycle", daemon=True)

    def __enter__(self) -> Self:
        """Serve, and shake hands as the engine does."""
        self._thread.start()
        address = self._run(self._serve())
        self._channel = grpc.insecure_channel(address)
        self.stub = provider_pb2_grpc.ResourceProviderStub(self._channel)
        self.begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving."""
        self._channel.close()
        self._run(self._server.stop(None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def begin(self) -> None:
        """Another update begins: a place may go from a resource to another."""
        if not self.call(self.stub.Configure, provider_pb2.ConfigureRequest(acceptSecrets=True)).acceptSecrets:
            raise AssertionError("the provider does not accept secrets")

    def subject(self, token: str, name: str) -> Subject:
        """A resource of a type, not yet created."""
        return Subject(self, f"{self._stack}::{token}::{name}")

    def invoke(self, token: str, arguments: Properties, *, preview: bool = False) -> dict[str, Any]:
        """The results of a function.

        Raises:
            OperationError: it failed.
        """
        request = provider_pb2.InvokeRequest(tok=token, args=property_values.write(arguments), preview=preview)
        return property_values.read(getattr(self.call(self.stub.Invoke, request), "return"))

    def cancel(self) -> None:
        """What the engine does at Ctrl-C."""
        self.call(self.stub.Cancel, Empty())

    def said(self) -> str:
        """The text of all messages, one on a line."""
        return "\n".join(message.text for message in self.messages)

    @contextmanager
    def update(self) -> Iterator[None]:
        """One update: it begins again, and Stores stay open from one call to the next."""
        self.begin()
        self._is_updating = True
        try:
            yield
        finally:
            self._is_updating = False
            close_all()

    def call(self, method: Callable[..., Any], request: object) -> Any:
        """One remote call.

        Raises:
            OperationError: it failed.
        """
        try:
            return method(request, timeout=PATIENCE)
        except grpc.RpcError as failure:
            raise _operation_error(failure) from None
        finally:
            if not self._is_updating:
                close_all()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    async def _serve(self) -> str:
        self._server = grpc.aio.server()
        address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        servicer = Servicer(__version__, "{}", self._types, self._functions, Engine(address))
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, self._server)
        engine_pb2_grpc.add_EngineServicer_to_server(_Listener(self.messages), self._server)
        await self._server.start()
        return address


class Subject:
    """One resource under test, with the state that the engine keeps of it.

    Attributes:
        urn: its name in the stack.
        id: its ID; empty where there is none.
        inputs: those of the last success.
        outputs: what the provider answered last.
        failed: whether it is only partly there, so that the next `up` updates it whatever its inputs.
    """

    def __init__(self, lifecycle: Lifecycle, urn: str) -> None:
        self._lifecycle, self.urn = lifecycle, urn
        self.id, self.failed = "", False
        self.inputs: dict[str, Any] = {}
        self.outputs: dict[str, Any] = {}

    def preview(self, inputs: Properties) -> Step:
        """What an `up` would do; the provider is asked to create or update as a preview, which touches nothing.

        Raises:
            RefusedError: the inputs cannot stand.
            OperationError: the preview itself failed.
        """
        return self._step(self._checked(inputs))

    def up(self, inputs: Properties) -> Step:
        """Bring the resource to these inputs; after that, another `up` would do nothing.

        Raises:
            RefusedError: the inputs cannot stand.
            OperationError: it failed; what was done half way is recorded.
            AssertionError: another `up` would do something, or an update changed the ID.
        """
        new = self._checked(inputs)
        step = self._step(new)
        match step.kind:
            case "create":
                self._create(new)
            case "update":
                self._update(new)
            case "replace":
                old_id, old_inputs, old_outputs = self.id, self.inputs, self.outputs
                self._create(new)
                self._delete(old_id, old_inputs, old_outputs)
        again = self._difference(self._checked(inputs))
        if again.kind != "same":
            raise AssertionError(f"the second up is not empty: {again}")
        return step

    def refresh(self) -> bool:
        """Read it as it really is; whether it is still there.

        Raises:
            OperationError: it cannot be read.
        """
        found = self._read(self.id, self.inputs, self.outputs)
        if not found.id:
            self._record("", {}, {})
            return False
        self.inputs, self.outputs = property_values.read(found.inputs), property_values.read(found.properties)
        return True

    def adopt(self, resource_id: str) -> bool:
        """Import what has this ID; whether there is something.

        Raises:
            OperationError: it cannot be read.
        """
        found = self._read(resource_id, {}, {})
        self.id = found.id
        self.inputs, self.outputs = property_values.read(found.inputs), property_values.read(found.properties)
        return bool(found.id)

    def destroy(self) -> None:
        """Delete it, at the end of an update.

        Raises:
            OperationError: it cannot be deleted.
        """
        self._delete(self.id, self.inputs, self.outputs)
        self._record("", {}, {})
        self._lifecycle.begin()

    def _checked(self, inputs: Properties) -> dict[str, Any]:
        request = provider_pb2.CheckRequest(
            urn=self.urn, olds=property_values.write(self.inputs), news=property_values.write(inputs)
        )
        answer = self._call("Check", request)
        if answer.failures:
            raise RefusedError([failure.reason for failure in answer.failures])
        return property_values.read(answer.inputs)

    def _difference(self, new: Properties) -> Step:
        if not self.id:
            return Step("create")
        request = provider_pb2.DiffRequest(
            id=self.id, urn=self.urn, olds=property_values.write(self.outputs), news=property_values.write(new),
            old_inputs=property_values.write(self.inputs),
        )  # fmt: skip
        answer = self._call("Diff", request)
        changed, replaces = tuple(answer.diffs), tuple(answer.replaces)
        if replaces:
            return Step("replace", changed, replaces)
        some = answer.changes == provider_pb2.DiffResponse.DIFF_SOME or self.failed
        return Step("update" if some else "same", changed)

    def _step(self, new: Properties) -> Step:
        step = self._difference(new)
        if step.kind == "update":
            self._call("Update", self._update_request(new, preview=True))
        elif step.kind != "same":
            self._call("Create", self._create_request(new, preview=True))
        return step

    def _create_request(self, new: Properties, *, preview: bool) -> Any:
        return provider_pb2.CreateRequest(urn=self.urn, properties=property_values.write(new), preview=preview)

    def _update_request(self, new: Properties, *, preview: bool) -> Any:
        return provider_pb2.UpdateRequest(
            id=self.id, urn=self.urn, olds=property_values.write(self.outputs), news=property_values.write(new),
            old_inputs=property_values.write(self.inputs), preview=preview,
        )  # fmt: skip

    def _create(self, new: dict[str, Any]) -> None:
        answer = self._kept(new, "Create", self._create_request(new, preview=False))
        self._record(answer.id, new, property_values.read(answer.properties))

    def _update(self, new: dict[str, Any]) -> None:
        answer = self._kept(new, "Update", self._update_request(new, preview=False))
        self._record(self.id, new, property_values.read(answer.properties))

    def _delete(self, resource_id: str, inputs: Properties, outputs: Properties) -> None:
        request = provider_pb2.DeleteRequest(
            id=resource_id,
            urn=self.urn,
            properties=property_values.write(outputs),
            old_inputs=property_values.write(inputs),
        )
        self._call("Delete", request)

    def _read(self, resource_id: str, inputs: Properties, outputs: Properties) -> Any:
        request = provider_pb2.ReadRequest(
            id=resource_id,
            urn=self.urn,
            inputs=property_values.write(inputs),
            properties=property_values.write(outputs),
        )
        return self._call("Read", request)

    def _record(self, resource_id: str, inputs: dict[str, Any], outputs: dict[str, Any]) -> None:
        self.id, self.inputs, self.outputs, self.failed = resource_id, inputs, outputs, False

    def _kept(self, new: dict[str, Any], method: str, request: object) -> Any:
        """Call; what an operation did half way is recorded as the engine records it."""
        try:
            return self._call(method, request)
        except OperationError as failure:
            if failure.partial is not None:
                self._record(failure.partial["id"], new, failure.partial["properties"])
                self.failed = True
            raise

    def _call(self, method: str, request: object) -> Any:
        return self._lifecycle.call(getattr(self._lifecycle.stub, method), request)


class _Listener(engine_pb2_grpc.EngineServicer):
    """The engine's ear."""

    def __init__(self, messages: list[Message]) -> None:
        self._messages = messages

    async def Log(self, request: Any, context: Any) -> Any:  # noqa: N802 - named by the protocol
        """Keep a message."""
        warning = request.severity == engine_pb2.WARNING
        self._messages.append(Message(request.urn, request.message, warning, request.ephemeral))
        return Empty()


def _operation_error(failure: Any) -> OperationError:
    details = dict(failure.trailing_metadata() or ()).get("grpc-status-details-bin")
    if details is None:
        return OperationError(failure.details())
    failed = provider_pb2.ErrorResourceInitFailed()
    status_pb2.Status.FromString(details).details[0].Unpack(failed)
    partial = {"id": failed.id, "properties": property_values.read(failed.properties), "reasons": list(failed.reasons)}
    return OperationError(failure.details(), partial)
