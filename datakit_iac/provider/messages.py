"""Messages to the engine, shown beside a resource's line."""

from __future__ import annotations

import contextlib
import time
from functools import cached_property
from typing import Final

import grpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from datakit_iac.toolchain import commandline

PAUSE: Final = 0.5
"""Seconds between two statuses of one resource; off a terminal each is a line."""


class Engine:
    """The engine that started this provider, as the receiver of messages.

    Args:
        address: ``host:port`` of its gRPC service.
    """

    def __init__(self, address: str) -> None:
        self._stub = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address))
        self._last: dict[str, float] = {}

    @cached_property
    def lists_imports(self) -> bool:
        """Whether it writes a file of what could be imported, which a preview that fails does not."""
        return any(word.partition("=")[0] == "--import-file" for word in commandline.of_engine().words)

    def tell(self, urn: str, message: str, *, warning: bool = False) -> None:
        """Show a message under the resource; it stays."""
        self._log(urn, message, engine_pb2.WARNING if warning else engine_pb2.INFO, ephemeral=False)

    def status(self, urn: str, message: str) -> None:
        """Show what the resource is doing now; the next status replaces it, after `PAUSE` at the earliest."""
        now = time.monotonic()
        if now - self._last.get(urn, 0.0) < PAUSE:
            return
        self._last[urn] = now
        self._log(urn, message, engine_pb2.INFO, ephemeral=True)

    def _log(self, urn: str, message: str, severity: engine_pb2.LogSeverity.ValueType, *, ephemeral: bool) -> None:
        request = engine_pb2.LogRequest(severity=severity, message=message, urn=urn, ephemeral=ephemeral)
        with contextlib.suppress(grpc.RpcError):  # an engine that is gone needs no messages
            self._stub.Log(request, timeout=5)
