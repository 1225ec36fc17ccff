"""`pulumi-resource-datakit`: the plugin's process."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from importlib.resources import files
from typing import Final

from datakit_iac.version import __version__

WATCH: Final = 1.0
"""Seconds between two looks for the engine that started us."""


def main() -> None:
    """Serve until the engine is gone. The engine's address is the first argument; the port goes to stdout."""
    address = next((argument for argument in sys.argv[1:] if not argument.startswith("-")), "")
    if not address:
        sys.exit("pulumi-resource-datakit is started by the Pulumi engine, with the engine's address as argument")
    # Ctrl-C reaches the whole process group; it is the engine that tells us to stop, by Cancel. A handler, since
    # children would inherit SIG_IGN.
    signal.signal(signal.SIGINT, lambda *_: None)
    asyncio.run(_serve(address))


async def _serve(address: str) -> None:
    import grpc.aio
    from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
    from pulumi.runtime.proto import provider_pb2_grpc

    from datakit_iac.provider.engine import Engine
    from datakit_iac.provider.package import FUNCTIONS, TYPES
    from datakit_iac.provider.servicer import Servicer

    schema = files("datakit_iac.provider").joinpath("schema.json").read_text()
    server = grpc.aio.server(options=_GRPC_CHANNEL_OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(
        Servicer(__version__, schema, TYPES, FUNCTIONS, Engine(address)), server
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    await _engine_gone(os.getppid())
    os._exit(0)  # threads may hang in a driver; the guardian of each child ends the children


async def _engine_gone(engine: int) -> None:
    """Return when the process that started us has ended; one that was killed says no goodbye."""
    while os.getppid() == engine:
        await asyncio.sleep(WATCH)


if __name__ == "__main__":
    main()
