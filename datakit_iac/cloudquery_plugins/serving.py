"""Serving a plugin over gRPC until its parent asks it to end, or is gone.

The SDK's own `serve` (0.1.56) gives grpc a socket's path without the scheme, takes no message above 4 MB, prints a
trace on SIGINT, outlives its parent, and imports pandas before it listens (1.1 s). This one is built on the SDK's
generated gRPC classes: it listens first and imports what is heavy while the CLI connects.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent import futures
from importlib import import_module
from typing import TYPE_CHECKING, Final

import grpc
from cloudquery.discovery_v1 import discovery_pb2, discovery_pb2_grpc
from cloudquery.plugin_v3 import plugin_pb2_grpc

if TYPE_CHECKING:
    from datakit_iac.cloudquery_plugins.servicers import Servicer

_OPTIONS: Final = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
_THREADS: Final = 4
_WATCH: Final = 0.5
"""Seconds between two looks for the parent."""


class _Discovery(discovery_pb2_grpc.DiscoveryServicer):  # type: ignore[misc]  # generated, without types
    def GetVersions(self, request: object, context: object) -> object:
        return discovery_pb2.GetVersions.Response(versions=[3])


def serve(name: str, servicer: Servicer, heavy: str, argv: Sequence[str] | None = None) -> int:
    """Serve until SIGINT, SIGTERM or the end of the parent process; the exit code.

    Args:
        name: the program's name, for its usage.
        servicer: what answers.
        heavy: a module that answering needs; it is imported in the background.
        argv: the arguments, as the CLI gives them: ``serve --network unix --address PATH``.
    """
    arguments = _arguments(name, argv)
    asked = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked.set())
    server = grpc.server(futures.ThreadPoolExecutor(_THREADS), options=_OPTIONS)
    discovery_pb2_grpc.add_DiscoveryServicer_to_server(_Discovery(), server)
    plugin_pb2_grpc.add_PluginServicer_to_server(servicer, server)
    prefix = "unix:" if arguments.network == "unix" else ""
    try:
        server.add_insecure_port(f"{prefix}{arguments.address}")
    except RuntimeError:
        sys.stderr.write(f"{name}: {arguments.address} cannot be listened on; is it taken, or its folder missing?\n")
        return 2
    server.start()
    threading.Thread(target=import_module, args=[heavy], daemon=True).start()
    _wait(asked)
    server.stop(grace=0)
    servicer.end()
    return 0


def run(main: Callable[[], int]) -> None:
    """Run `main` and end at once: what is open was closed, the interpreter's own farewell takes 0.1 s and complains."""
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _wait(asked: threading.Event) -> None:
    parent = os.getppid()
    while not asked.wait(_WATCH):
        if os.getppid() != parent:
            return


def _arguments(name: str, argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(name, description="A CloudQuery plugin; `cloudquery sync` starts it.")
    serving = parser.add_subparsers(dest="command", required=True).add_parser("serve")
    serving.add_argument("--network", choices=["tcp", "unix"], default="tcp")
    serving.add_argument("--address", default="127.0.0.1:7777")
    # What the CLI adds of its own; there is nothing here to set with it.
    serving.add_argument("--no-sentry", action="store_true")
    for ignored in ("--log-level", "--log-format", "--otel-endpoint", "--license"):
        serving.add_argument(ignored, default="")
    serving.add_argument("--otel-endpoint-insecure", action="store_true")
    return parser.parse_args(argv)
