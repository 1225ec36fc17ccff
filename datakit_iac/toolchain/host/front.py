"""What the engine meets first: calls that need no SDK are answered at once, the others once it is imported.

The engine starts a language host twice for one preview, and asks the first only for its version and for packages
to install. Importing the SDK takes half a second, so it is imported when a call needs it, and not before.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Final

import grpc

from datakit_iac.version import __version__

if TYPE_CHECKING:
    _Handler = grpc.GenericRpcHandler[bytes, bytes]
else:
    _Handler = grpc.GenericRpcHandler

_STREAMS: Final = frozenset({"RunPlugin", "InstallDependencies"})


def _plugin_info() -> bytes:
    """A serialised `PluginInfo`: its only field, number 1, is the version."""
    version = __version__.encode()
    return bytes([0x0A, len(version)]) + version


# Empty messages: the engine's address is on our command line too, and no package is to be installed.
_AT_ONCE: Final = {"Handshake": b"", "GetRequiredPackages": b"", "GetPluginInfo": _plugin_info()}


class Front(_Handler):
    """Handles every call on bytes, and hands on to the real handler what it cannot answer itself."""

    def __init__(self) -> None:
        self.is_wanted = threading.Event()
        """Set by the first call that needs the real handler."""
        self._loaded: Future[_Handler] = Future()

    # The two methods of `grpc.Server` that generated code calls to register a servicer.

    def add_generic_rpc_handlers(self, handlers: tuple[_Handler, ...]) -> None:
        """Take the real handler; calls that waited for it go on."""
        self._loaded.set_result(handlers[0])

    def add_registered_method_handlers(self, service: str, handlers: dict[str, Any]) -> None:
        """Take nothing: the generic handler has them all."""

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes]:
        """The handler of one call, on bytes."""
        name = details.method.rpartition("/")[2]
        if name in _AT_ONCE:
            return grpc.unary_unary_rpc_method_handler(lambda _request, _context: _AT_ONCE[name])
        if name in _STREAMS:
            return grpc.unary_stream_rpc_method_handler(
                lambda request, context: self._stream(details, request, context)
            )
        return grpc.unary_unary_rpc_method_handler(lambda request, context: self._call(details, request, context))

    def _call(self, details: grpc.HandlerCallDetails, request: bytes, context: grpc.ServicerContext) -> bytes:
        real = self._real(details, context)
        answer = real.unary_unary(real.request_deserializer(request), context)
        return bytes(real.response_serializer(answer))

    def _stream(
        self, details: grpc.HandlerCallDetails, request: bytes, context: grpc.ServicerContext
    ) -> Iterator[bytes]:
        real = self._real(details, context)
        for answer in real.unary_stream(real.request_deserializer(request), context):
            yield real.response_serializer(answer)

    def _real(self, details: grpc.HandlerCallDetails, context: grpc.ServicerContext) -> Any:
        self.is_wanted.set()
        real = self._loaded.result().service(details)
        if real is None:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"{details.method} is not served")
        return real
