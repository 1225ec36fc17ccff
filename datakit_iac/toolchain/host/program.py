"""Running one Pulumi program, in this interpreter.

It imports nothing of the package: the language host imports it, and it is started by its path with the interpreter
of another virtual environment, where only Pulumi's SDK can be expected. Then the launch is read from standard
input, so that no configuration shows in a list of processes.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import os
import runpy
import signal
import sys
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Final

ALREADY_REPORTED: Final = 32
"""Exit code of a program whose error the user has been shown."""

_ROUNDS_OF_PARALLEL_CALLS: Final = 4


@dataclass(frozen=True)
class Launch:
    """A program to run, and the deployment it belongs to."""

    program: str
    pwd: str
    root_directory: str
    project: str
    stack: str
    organization: str
    monitor: str
    engine: str
    parallel: int
    dry_run: bool
    args: list[str] = field(default_factory=list)
    config: dict[str, str] = field(default_factory=dict)
    secret_keys: list[str] = field(default_factory=list)

    def to_json(self) -> str:
        """Itself, for another interpreter."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Launch:
        """What `to_json` wrote."""
        return cls(**json.loads(text))


@dataclass(frozen=True)
class Outcome:
    """How a program ended.

    Attributes:
        error: What to tell the user; empty if there is nothing to tell.
        was_reported: It was reported to the user already.
    """

    error: str = ""
    was_reported: bool = False


def run(launch: Launch, on_unwound: Callable[[], None]) -> Outcome:
    """Run a program against the engine to its end, reporting its errors to the engine.

    Args:
        launch: The program.
        on_unwound: Called when an interrupt has unwound the user's code. The SDK would now wait for answers of
            an engine that is going away.

    Raises:
        KeyboardInterrupt: It was interrupted.
    """
    _configure(launch)
    os.chdir(launch.pwd)
    entry = (Path(launch.pwd) / launch.program).resolve()
    sys.argv = [str(entry), *launch.args]
    sys.path.insert(0, str(entry if entry.is_dir() else entry.parent))
    # Where a program fails, some of its futures are never awaited; asyncio would report each of them.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    workers = max(launch.parallel, 1) * _ROUNDS_OF_PARALLEL_CALLS
    loop.set_default_executor(ThreadPoolExecutor(max_workers=workers))
    asyncio.set_event_loop(loop)
    try:
        return _run_in(loop, entry, on_unwound)
    finally:
        _cancel_pending(loop)
        asyncio.set_event_loop(None)
        loop.close()
        sys.stdout.flush()
        sys.stderr.flush()


def user_traceback(error: BaseException) -> str:
    """A traceback that starts where the user's program does: the frames that led there are left out."""
    trace = traceback.TracebackException.from_exception(error)
    linked: list[traceback.TracebackException | None] = [trace]
    seen: set[int] = set()
    while linked:
        part = linked.pop()
        if part is None or id(part) in seen:
            continue
        seen.add(id(part))
        part.stack = traceback.StackSummary.from_list(_without_machinery(part.stack))
        linked += [part.__cause__, part.__context__]
    return "".join(trace.format())


def _configure(launch: Launch) -> None:
    from pulumi import runtime

    runtime.set_all_config(launch.config, launch.secret_keys)
    settings: dict[str, Any] = {
        "project": launch.project,
        "stack": launch.stack,
        "parallel": launch.parallel,
        "dry_run": launch.dry_run,
        "monitor": launch.monitor,
        "engine": launch.engine,
        "organization": launch.organization or "organization",
        "root_directory": launch.root_directory,
    }
    runtime.configure(runtime.Settings(**settings))


def _run_in(loop: asyncio.AbstractEventLoop, entry: Path, on_unwound: Callable[[], None]) -> Outcome:
    import pulumi
    from pulumi.runtime import run_in_stack

    def program() -> None:
        try:
            runpy.run_path(str(entry), run_name="__main__")
        except KeyboardInterrupt:
            on_unwound()
            raise

    try:
        loop.run_until_complete(run_in_stack(program))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return Outcome(was_reported=True)
    except SystemExit as error:
        return _exited(error)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if _is_reported(error):
            pass
        elif str(error).startswith(_OURS_FAILED):  # what our own function says needs no trace of the program
            pulumi.log.error(str(error).rpartition(_SAYS)[2])
        else:
            pulumi.log.error(f"Program failed with an unhandled exception:\n{user_traceback(error)}")
        return Outcome(was_reported=True)
    return Outcome()


_ENGINE_ENDS: Final = "grpc: the client connection is closing"
_OURS_FAILED: Final = "invoke of datakit:"
_SAYS: Final = "returned an error: "


def _is_reported(error: BaseException) -> bool:
    """Whether the engine ends, perhaps during an invoke: it has reported the resource that failed."""
    import grpc

    code = error.code() if isinstance(error, grpc.RpcError) and hasattr(error, "code") else None
    return code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED) or _ENGINE_ENDS in str(error)


def _exited(error: SystemExit) -> Outcome:
    if error.code in (None, 0):
        return Outcome()
    if isinstance(error.code, int):
        return Outcome(f"program exited with non-zero exit code: {error.code}")
    return Outcome(str(error.code))


def _without_machinery(stack: traceback.StackSummary) -> list[traceback.FrameSummary]:
    frames = list(stack)
    own = list(itertools.dropwhile(_is_machinery, frames))
    # A syntax error shows its place by itself; any other error without a frame of the user's is the SDK's own.
    is_import = bool(frames) and frames[-1].filename.startswith("<frozen")
    return own if own or is_import else frames


def _is_machinery(frame: traceback.FrameSummary) -> bool:
    import pulumi

    folders = (Path(pulumi.__file__).parent, Path(asyncio.__file__).parent)
    return (
        frame.filename == __file__
        or frame.filename.startswith("<frozen")
        or any(Path(frame.filename).is_relative_to(folder) for folder in folders)
    )


def _cancel_pending(loop: asyncio.AbstractEventLoop) -> None:
    pending = asyncio.all_tasks(loop)
    for task in pending:
        task.cancel()
    if pending:
        loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))


def _interrupt_once(number: int, frame: FrameType | None) -> None:
    # The engine's signal and the language host's are the same wish; a second one would break into the cleaning up.
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _main() -> int:
    signal.signal(signal.SIGINT, _interrupt_once)
    launch = Launch.from_json(sys.stdin.read())
    # This folder must not shadow modules of the program's.
    sys.path[:] = [entry for entry in sys.path if entry != str(Path(__file__).parent)]
    try:
        outcome = run(launch, lambda: _leave(ALREADY_REPORTED))
    except KeyboardInterrupt:
        return ALREADY_REPORTED
    if outcome.was_reported:
        return ALREADY_REPORTED
    if outcome.error:
        print(outcome.error, file=sys.stderr)
        return 1
    return 0


def _leave(code: int) -> None:
    # Without the interpreter's own end, which would wait for threads that the program left behind.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    try:
        _leave(_main())
    except KeyboardInterrupt:
        _leave(ALREADY_REPORTED)
