"""The process of the language host: its server, its main thread, and its end."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from types import FrameType
from typing import Final

import grpc
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import language_pb2_grpc

from datakit_iac.toolchain.host import program
from datakit_iac.toolchain.host.child import Children
from datakit_iac.toolchain.host.servicer import LanguageHost

_LOOK_FOR_THE_ENGINE_EVERY: Final = 0.5
_UNWINDING_TAKES_AT_MOST: Final = 3.0

_Work = tuple[program.Launch, "Future[program.Outcome]"]


class MainThread:
    """Runs programs on the main thread, where they may install signal handlers, and ends on a signal."""

    def __init__(self) -> None:
        self._work: queue.Queue[_Work] = queue.Queue()
        self._is_running = False
        self._is_ending = False

    def submit(self, launch: program.Launch) -> Future[program.Outcome]:
        """Have a program run; called from other threads."""
        outcome: Future[program.Outcome] = Future()
        self._work.put((launch, outcome))
        return outcome

    def interrupt(self) -> None:
        """Interrupt the program that runs, if one does; called from other threads."""
        if self._is_running:
            os.kill(os.getpid(), signal.SIGINT)

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        """End: by unwinding the program once, so that it can clean up, and at once the second time."""
        if self._is_ending:
            os._exit(0)
        self._is_ending = True
        threading.Thread(target=_exit_after, args=(_UNWINDING_TAKES_AT_MOST,), daemon=True).start()
        raise KeyboardInterrupt

    def serve(self) -> None:
        """Run what is submitted until a signal comes."""
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                launch, outcome = self._work.get()
                self._run(launch, outcome)

    def _run(self, launch: program.Launch, outcome: Future[program.Outcome]) -> None:
        self._is_running = True
        try:
            outcome.set_result(program.run(launch))
        except KeyboardInterrupt:
            outcome.set_result(program.Outcome(was_reported=True))
            raise
        except BaseException as error:
            outcome.set_result(program.Outcome(f"the program could not be started: {error}"))
        finally:
            self._is_running = False


def main() -> None:
    """Serve the engine that started us until it stops us, or is gone."""
    # The engine gives us a process group of our own; children stay in it.
    engine = os.getppid()
    children = Children()
    main_thread = MainThread()
    signal.signal(signal.SIGINT, main_thread.on_signal)
    signal.signal(signal.SIGTERM, main_thread.on_signal)
    server = grpc.server(ThreadPoolExecutor(max_workers=16), options=_GRPC_CHANNEL_OPTIONS)
    host = LanguageHost(main_thread.submit, children, main_thread.interrupt)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    threading.Thread(target=_end_with, args=(engine, children), daemon=True).start()
    print(port, flush=True)
    main_thread.serve()
    children.stop()
    server.stop(grace=0.5).wait(1)
    _exit()


def _end_with(engine: int, children: Children) -> None:
    """Stop everything when the engine is gone: its children are then given to another parent."""
    while os.getppid() == engine:
        time.sleep(_LOOK_FOR_THE_ENGINE_EVERY)
    children.stop()
    os._exit(0)


def _exit_after(seconds: float) -> None:
    time.sleep(seconds)
    _exit()


def _exit() -> None:
    # Without the interpreter's own end, which would wait for threads that a program left behind.
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(0)
