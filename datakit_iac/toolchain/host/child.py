"""Child processes of the language host: programs and plugins of another interpreter, and their end."""

from __future__ import annotations

import contextlib
import queue
import signal
import subprocess
import threading
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from datakit_iac.toolchain.host import program
from datakit_iac.toolchain.host.interpreter import environment_for

_GRACE: Final = 3.0


@dataclass(frozen=True)
class Output:
    """A piece of what a plugin printed."""

    data: bytes
    is_error: bool


class Children:
    """The child processes alive, so that none outlives the host.

    They stay in the host's process group, where the engine's signals reach them too.
    """

    def __init__(self) -> None:
        self._alive: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def start(
        self, command: Sequence[str | Path], *, cwd: str, env: Mapping[str, str], piped: bool
    ) -> Iterator[subprocess.Popen[bytes]]:
        """A child for the time of the block, its outputs piped or shared with ours; stopped at the end.

        Raises:
            OSError: It cannot be started.
        """
        stream = subprocess.PIPE if piped else None
        child = subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd or None,
            env=dict(env),
            stdin=subprocess.PIPE,
            stdout=stream,
            stderr=stream,
        )
        with self._lock:
            self._alive.add(child)
        try:
            yield child
        finally:
            stop(child)
            with self._lock:
                self._alive.discard(child)

    def stop(self) -> None:
        """Stop all that are alive."""
        with self._lock:
            alive = list(self._alive)
        for child in alive:
            with contextlib.suppress(ProcessLookupError):
                child.send_signal(signal.SIGINT)
        for child in alive:
            stop(child)


def stop(child: subprocess.Popen[bytes], grace: float = _GRACE) -> None:
    """Stop a child: interrupted first, killed when it does not end."""
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            child.send_signal(signal.SIGINT)
        try:
            child.wait(grace)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def run_program(
    children: Children,
    python: Path,
    launch: program.Launch,
    env: Mapping[str, str],
    on_start: Callable[[subprocess.Popen[bytes]], None],
) -> program.Outcome:
    """Run a program by another interpreter, which needs Pulumi's SDK and nothing of ours.

    Args:
        children: Where the child is kept.
        python: The interpreter.
        launch: The program.
        env: The environment to change for that interpreter.
        on_start: Called with the child once it runs.
    """
    command = [str(python), "-u", program.__file__]
    with children.start(command, cwd=launch.pwd, env=environment_for(python, env), piped=False) as child:
        on_start(child)
        if child.stdin is not None:
            with contextlib.suppress(BrokenPipeError), child.stdin as pipe:
                pipe.write(launch.to_json().encode())
        code = child.wait()
    if code == program.ALREADY_REPORTED:
        return program.Outcome(was_reported=True)
    if code != 0:
        return program.Outcome(f"program exited with non-zero exit code: {code}")
    return program.Outcome()


def plugin_command(python: Path, folder: Path) -> list[str]:
    """How a plugin's folder is run: its `__main__.py`, or as the package its pyproject.toml names."""
    pyproject = folder / "pyproject.toml"
    if (folder / "__main__.py").exists() or not pyproject.exists():
        return [str(python), "-u", str(folder)]
    name = tomllib.loads(pyproject.read_text()).get("project", {}).get("name", folder.name)
    return [str(python), "-u", "-m", "pulumi.run.plugin", str(name)]


def outputs(child: subprocess.Popen[bytes]) -> Iterator[Output]:
    """What a child prints, as it comes, until both its outputs are closed."""
    arrived: queue.SimpleQueue[Output | None] = queue.SimpleQueue()

    def forward(stream: IO[bytes], *, is_error: bool) -> None:
        for line in stream:
            arrived.put(Output(line, is_error))
        arrived.put(None)

    open_streams = 0
    for stream, is_error in ((child.stdout, False), (child.stderr, True)):
        if stream is not None:
            open_streams += 1
            threading.Thread(target=forward, args=(stream,), kwargs={"is_error": is_error}, daemon=True).start()
    while open_streams:
        output = arrived.get()
        if output is None:
            open_streams -= 1
        else:
            yield output
