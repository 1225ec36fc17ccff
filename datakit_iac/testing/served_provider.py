"""A provider served in this process over real gRPC, and the engine that it talks to."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import grpc
import grpc.aio
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, provider_pb2_grpc, status_pb2

from datakit_iac.provider import property_values
from datakit_iac.provider.messages import Engine
from datakit_iac.provider.protocol import Properties, ResourceType
from datakit_iac.provider.servicer import Invocation, Servicer
from datakit_iac.runs.stores.access import close_all
from datakit_iac.version import __version__

PATIENCE: Final = 30.0
"""Seconds after which an operation that does not end fails the test."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something the provider said to the user.

    Attributes:
        urn: the resource it belongs to.
        text: what was said.
        warning: whether it is a warning.
        status: whether the next one takes its place.
    """

    urn: str
    text: str
    warning: bool
    status: bool


class OperationError(Exception):
    """An operation failed; the text is what the user reads.

    Attributes:
        partial: what was recorded of a resource that failed half way; None where nothing was.
    """

    def __init__(self, message: str, partial: Mapping[str, Any] | None = None) -> None:
        self.partial = partial
        super().__init__(message)


class ServedProvider:
    """A provider that is served, and the engine's side of the calls.

    Args:
        types: a `ResourceType` for each type token.
        functions: a function for each function token.
        project: the Pulumi project's name.
        stack: the stack's name.

    Attributes:
        messages: what was said to the user so far.
        stack: how the URN of each resource begins.
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
        self.stack = f"urn:pulumi:{stack}::{project}"
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
            close_all(PATIENCE)

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
                close_all(PATIENCE)

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


class _Listener(engine_pb2_grpc.EngineServicer):
    """The engine's side of messages: keeps what the provider logs."""

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
