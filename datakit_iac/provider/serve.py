"""`pulumi-resource-datakit`: the plugin's process."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import sys
from importlib.resources import files
from pathlib import Path
from typing import Final

from datakit_iac.pulumi_compat import CHANNEL_OPTIONS, protocol_alone
from datakit_iac.version import __version__

WATCH: Final = 1.0
"""Seconds between two looks for the engine that started us."""

GRACE: Final = 4.0
"""Seconds that operations have to end once the engine is done with us."""


def main() -> None:
    """Serve until the engine is gone. The engine's address is the first argument; the port goes to stdout."""
    address = next((argument for argument in sys.argv[1:] if not argument.startswith("-")), "")
    if not address:
        sys.exit("pulumi-resource-datakit is started by the Pulumi engine, with the engine's address as argument")
    os.chdir(_project())
    asyncio.run(_serve(address))


def _project() -> Path:
    """The Pulumi project's folder, from which paths count; the engine starts us in that of its program."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / "Pulumi.yaml").is_file()), here)


async def _serve(address: str) -> None:
    gc.disable()  # what is imported stays; looking for garbage meanwhile takes a tenth of the start
    import grpc.aio

    with protocol_alone():
        from datakit_iac.provider.messages import Engine
        from datakit_iac.provider.servicer import Servicer
    from pulumi.runtime.proto import provider_pb2_grpc

    from datakit_iac.provider.registry import FUNCTIONS, TYPES
    from datakit_iac.runs.stores.access import close_all

    schema = files("datakit_iac.provider").joinpath("schema.json").read_text()
    server = grpc.aio.server(options=CHANNEL_OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(
        Servicer(__version__, schema, TYPES, FUNCTIONS, Engine(address)), server
    )
    gc.freeze()
    gc.enable()
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    await _dismissed(os.getppid())
    await server.stop(GRACE)
    close_all()
    os._exit(0)  # threads may hang in a driver; the guardian of each child ends the children


async def _dismissed(engine: int) -> None:
    """Return when the engine interrupts us, as it does at its end, or is gone: one that was killed says no goodbye."""
    interrupted = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, interrupted.set)
    while os.getppid() == engine and not interrupted.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(interrupted.wait(), WATCH)


if __name__ == "__main__":
    main()
