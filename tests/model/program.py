"""The Pulumi program, run in this process: a Platform of the manifests in `project`, or another one."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from pulumi.runtime import mocks, settings, stack
from pulumi.runtime.proto import engine_pb2

from datakit_iac import Platform

PROJECT: Final = "shop"
STACK: Final = "dev"


class _Ear:
    """The engine's log."""

    def __init__(self, said: list[str]) -> None:
        self._said = said

    def Log(self, request: Any) -> None:  # noqa: N802 - the protocol's name
        if request.severity != engine_pb2.DEBUG:
            self._said.append(request.message)


def platform() -> None:
    """A Platform of the manifests in `project`."""
    Platform("platform", project="project")


def run(
    monitor: mocks.MockMonitor, said: list[str], root: Path, *, preview: bool, program: Callable[[], None] = platform
) -> None:
    """Run the program.

    Args:
        monitor: what each registration goes to.
        said: takes what the program says.
        root: the Pulumi project's folder, which is the working directory.
        preview: whether nothing may be touched.
        program: what registers the resources.
    """

    def within() -> None:
        features = set(monitor.GetDeploymentInfo(None).supportedFeatures)  # type: ignore[no-untyped-call]
        given: Mapping[str, Any] = {
            "outputs": set[Any](), "lock": threading.Lock(), "package_refs": {}, "base_providers_by_ref": {},
            "monitor": monitor, "monitor_features": features, "engine": _Ear(said), "project": PROJECT,
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
    if left:
        gc.collect()  # now, while nobody listens to what they say
