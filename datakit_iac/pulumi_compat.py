"""What Pulumi's SDK does under no public name, or not always; nothing else here uses a private name of the SDK.

A later SDK may name it otherwise. Each function then does without, and says what is lost.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from datakit_iac.toolchain.setup import project

CHANNEL_OPTIONS: Final = (
    ("grpc.max_receive_message_length", 400 * 1024 * 1024),
    ("grpc.server_max_unrequested_time_in_server", 30 * 60),
)
"""What the SDK gives its own servers: messages as large as the engine sends, and half an hour to wait for a thread."""

_STACK_TRACE: Final = "_get_stack_trace"


def root_directory() -> Path:
    """The Pulumi project's folder: as the engine says, else the nearest with a project file, else the working one.

    A program that the Automation API runs inline does not know it, and mocks give a folder that is not there.
    """
    import pulumi

    folder = getattr(pulumi, "get_root_directory", lambda: None)()
    if folder and Path(folder).is_dir():
        return Path(folder)
    here = Path.cwd()
    return next(
        (each for each in (here, *here.parents) if any((each / name).is_file() for name in project.FILES)), here
    )


@contextmanager
def protocol_alone() -> Iterator[None]:
    """Let the SDK's messages be imported within, without the SDK: that takes as long as the rest of the provider.

    Its two packages above them are left out meanwhile. Where the SDK is loaded, or is elsewhere, nothing changes.
    """
    found = None if "pulumi" in sys.modules else find_spec("pulumi")
    folders = list(found.submodule_search_locations or ()) if found else []
    left_out = [("pulumi", folders), ("pulumi.runtime", [f"{each}/runtime" for each in folders])] if folders else []
    for name, path in left_out:
        sys.modules[name] = package = ModuleType(name)
        package.__path__ = path
    try:
        yield
    finally:
        for name, _ in left_out:
            del sys.modules[name]


def monitor() -> object | None:
    """What takes the registrations of the program that runs now: another object for each; None where nothing does."""
    from pulumi.runtime import settings

    found: object | None = getattr(settings, "get_monitor", lambda: None)()
    return found


def has_engine() -> bool:
    """Whether an engine runs the program, and not a test with mocks or without anything."""
    from pulumi.runtime import mocks

    return monitor() is not None and not isinstance(monitor(), getattr(mocks, "MockMonitor", ()))


def configuration() -> tuple[dict[str, str], frozenset[str]]:
    """The values that the engine has given the running program, by their full keys; and the keys of the secret ones.

    The SDK tells single values to who knows their keys. One without a map of all has it in an environment variable.
    """
    from pulumi.runtime import config

    held = getattr(config, "CONFIG", None)
    values = {**config.get_config_env(), **(held.get() if held else {})}
    return values, frozenset(key for key in values if config.is_config_secret(key))


@contextmanager
def registered_at(uri: str, line: int) -> Iterator[None]:
    """Have what is registered within recorded as declared at a line of a file.

    The SDK offers no way to say it: it asks a function of its own, which is another one meanwhile. Without that
    function, the state has the Python stack of each registration: more of it, and nothing else differs.
    """
    from pulumi.runtime import resource

    own, trace = getattr(resource, _STACK_TRACE, None), _trace(uri, line)
    if own is None or trace is None:
        yield
        return
    setattr(resource, _STACK_TRACE, lambda *_, **__: trace)
    try:
        yield
    finally:
        setattr(resource, _STACK_TRACE, own)


def _trace(uri: str, line: int) -> Any:
    """The message that the function returns; None where the SDK has none of this form."""
    try:
        from pulumi.runtime.proto import source_pb2

        position = source_pb2.SourcePosition(uri=uri, line=line)
        return source_pb2.StackTrace(frames=[source_pb2.StackFrame(pc=position)])
    except (ImportError, AttributeError, ValueError):
        return None
