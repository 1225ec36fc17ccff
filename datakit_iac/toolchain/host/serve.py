"""The process of the language host: its server, its main thread, and its end."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import FrameType
from typing import Final, cast

import grpc

from datakit_iac.toolchain.host import program
from datakit_iac.toolchain.host.child import Children
from datakit_iac.toolchain.host.front import Front

_LOOK_FOR_THE_ENGINE_EVERY: Final = 0.5
# A signal that comes just as the main thread begins to wait does not end the wait.
_LOOK_FOR_SIGNALS_EVERY: Final = 0.1
_UNWINDING_TAKES_AT_MOST: Final = 3.0
_ANSWERING_TAKES_AT_MOST: Final = 0.3
_CALLS_AT_ONCE: Final = 16
# A message may hold a whole configuration; the SDK allows as much.
_CHANNEL: Final = [("grpc.max_receive_message_length", 400 * 1024 * 1024)]

_Work = tuple[program.Launch, "Future[program.Outcome]"]


class MainThread:
    """Runs programs on the main thread, where they may install signal handlers, and ends on a signal.

    Args:
        end: Ends the process.
    """

    def __init__(self, end: Callable[[], None]) -> None:
        self._end = end
        self._work: queue.Queue[_Work] = queue.Queue()
        self._is_running = False
        self._is_unwinding = False

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
        """End at once; but a program that runs is unwound first, so that it can clean up.

        An engine that is interrupted both asks us to cancel and signals: what comes while unwinding is the same wish.
        """
        if not self._is_running:
            self._end()
        elif not self._is_unwinding:
            self._is_unwinding = True
            self._end_in(_UNWINDING_TAKES_AT_MOST)
            raise KeyboardInterrupt

    def _end_in(self, seconds: float) -> None:
        timer = threading.Timer(seconds, self._end)
        timer.daemon = True
        timer.start()

    def serve(self) -> None:
        """Run what is submitted until a signal comes."""
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                with contextlib.suppress(queue.Empty):
                    self._run(*self._work.get(timeout=_LOOK_FOR_SIGNALS_EVERY))

    def _run(self, launch: program.Launch, outcome: Future[program.Outcome]) -> None:
        self._is_running = True
        try:
            result = program.run(launch, lambda: self._end_in(_ANSWERING_TAKES_AT_MOST))
        except KeyboardInterrupt:
            result = program.Outcome(was_reported=True)
        except BaseException as error:
            result = program.Outcome(f"the program could not be started: {error}")
        finally:
            self._is_running = False
        outcome.set_result(result)
        if self._is_unwinding:
            raise KeyboardInterrupt


def main(engine: int) -> None:
    """Serve the engine that started us until it stops us, or is gone.

    Args:
        engine: Its process, our parent.
    """
    children = Children()
    main_thread = MainThread(lambda: _end(children))
    front = Front()
    server = grpc.server(ThreadPoolExecutor(max_workers=_CALLS_AT_ONCE), [front], options=_CHANNEL)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    threading.Thread(target=_end_with, args=(engine, children), daemon=True).start()
    signal.signal(signal.SIGINT, main_thread.on_signal)
    signal.signal(signal.SIGTERM, main_thread.on_signal)
    print(port, flush=True)
    while not front.is_wanted.wait(_LOOK_FOR_SIGNALS_EVERY):
        pass
    _load(front, main_thread, children)
    main_thread.serve()
    # The engine, if it is still there, hears how the program that was interrupted ended.
    server.stop(grace=0.5).wait(1)
    _end(children)


def _load(front: Front, main_thread: MainThread, children: Children) -> None:
    """Import the SDK, and let the calls that need it through."""
    from pulumi.runtime.proto.language_pb2_grpc import add_LanguageRuntimeServicer_to_server as add_to

    from datakit_iac.toolchain.host.servicer import LanguageHost

    engine_address = sys.argv[-1]
    host = LanguageHost(engine_address, main_thread.submit, children, main_thread.interrupt)
    add_to(host, cast("grpc.Server", front))


def _end_with(engine: int, children: Children) -> None:
    """End when the engine is gone: its children are then given to another parent."""
    while os.getppid() == engine:
        time.sleep(_LOOK_FOR_THE_ENGINE_EVERY)
    _end(children)


def _end(children: Children) -> None:
    # Without the interpreter's own end, which would wait for threads that a program left behind.
    children.stop()
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(0)
