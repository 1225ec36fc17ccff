"""The supervisor: a tiny process between us and a job, which ends the job's whole family when we ask or when we die.

Run as a script by `process`, never imported: ``python -I -S supervisor.py CONTROL LIMIT PROCESSORS PROGRAM ARGV...``.
It imports little (no pathlib, no typing), so it costs a job about 20 ms. CONTROL is one end of a socket pair. The
supervisor writes `pid N`, then `exit N` (negative for a signal, as `subprocess` counts); a byte from the other side, or
its end, means: stop.

LIMIT is how many bytes of memory the family may use, 0 for any number. Beyond that it is killed, and what it used is
written as `memory N`. It is measured every tenth of a second, on Linux only. A limit of the kernel's would be of other
things: RLIMIT_AS counts addresses, of which a program in Go reserves half a gigabyte to print its version, and each
process by itself; a cgroup must be delegated to the user.

PROCESSORS is how many of them the family may use, 0 for all, on Linux only: it is bound to some of those that we have.

It is the reaper of orphans among its descendants (Linux), so that a grandchild in a session of its own is ended too.
"""

# ruff: noqa: PTH123, PTH208, SIM105

from __future__ import annotations

import os
import select
import signal
import sys
import time

GRACE_ON_STOP = 2.0
GRACE_AT_END = 1.0
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_CANNOT_EXECUTE = 126
_MEASURED_EVERY = 0.1
_OWN = ("Pss_Anon:", "Pss_Shmem:")
"""What of a process's memory is not a file's; of pages that several processes share, its share."""


def _prctl(option: int, value: int) -> None:
    """Ask Linux for a favour; elsewhere the process group alone has to do."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _bind(processors: int) -> None:
    if processors and hasattr(os, "sched_setaffinity"):
        import random

        ours = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, random.sample(ours, min(processors, len(ours))))


def _start(program: str, argv: list[str], processors: int) -> int:
    # A signal sent before the child has put our handlers away would be lost, so signals wait until it has.
    waiting = signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
    pid = os.fork()  # safe here: this process has one thread
    if pid:
        signal.pthread_sigmask(signal.SIG_SETMASK, waiting)
        return pid
    try:
        os.setsid()
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        for number in (signal.SIGPIPE, signal.SIGCHLD, *_STOP_SIGNALS):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, waiting)
        _bind(processors)
        os.execv(program, argv)
    except OSError as fault:
        print(f"cannot start {program}: {fault.strerror}", file=sys.stderr, flush=True)
    os._exit(_CANNOT_EXECUTE)


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as children:
                for child in map(int, children.read().split()):
                    found += [child, *_descendants(child)]
    except OSError:
        pass  # gone meanwhile, or no /proc here
    return found


def _memory(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/smaps_rollup") as rollup:
            return sum(int(line.split()[1]) << 10 for line in rollup if line.startswith(_OWN))
    except OSError:
        return 0  # gone meanwhile, or no /proc here


class Family:
    """The job's process and everything that came from it."""

    def __init__(self, head: int) -> None:
        self.head = head
        self.status: int | None = None

    def reap(self) -> bool:
        """Collect the dead; whether anyone is left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self.head:
                self.status = os.waitstatus_to_exitcode(status)

    def signal(self, number: int) -> None:
        """Send a signal to the group, and to those who left it."""
        try:
            os.killpg(self.head, number)
        except (ProcessLookupError, PermissionError):
            pass
        for pid in _descendants(os.getpid()):
            try:
                if os.getpgid(pid) != self.head:
                    os.kill(pid, number)
            except ProcessLookupError:
                pass

    def memory(self) -> int:
        """How many bytes it uses."""
        return sum(map(_memory, _descendants(os.getpid())))

    def end(self, grace: float, wakeup: int) -> None:
        """Ask everyone to go, and after `grace` seconds insist until no one is left."""
        deadline = time.monotonic() + grace
        if self.reap():
            self.signal(signal.SIGTERM)
        while self.reap() and (left := deadline - time.monotonic()) > 0:
            _sleep(wakeup, left)
        while self.reap():
            self.signal(signal.SIGKILL)
            _sleep(wakeup, 0.02)


def _ready(descriptors: list[int], seconds: float | None) -> list[int]:
    """Those that can be read, or have ended; `select` would take none above 1023."""
    poll = select.poll()
    for each in descriptors:
        poll.register(each, select.POLLIN)
    return [each for each, _ in poll.poll(None if seconds is None else 1000 * seconds)]


def _sleep(wakeup: int, seconds: float) -> None:
    if _ready([wakeup], seconds):
        os.read(wakeup, 4096)


def _tell(control: int, text: str) -> None:
    try:
        os.write(control, text.encode())
    except OSError:
        pass  # the reader has gone


def _watch(family: Family, control: int, limit: int, wakeup: int, stopped: list[int]) -> float:
    """Wait until the head has ended or a stop is due; how many seconds of grace the rest have."""
    while True:
        family.reap()
        if family.status is not None:
            return GRACE_AT_END
        if limit and (used := family.memory()) > limit:
            _tell(control, f"memory {used}\n")
            return 0.0
        ready = _ready([control, wakeup], _MEASURED_EVERY if limit else None)
        if wakeup in ready:
            os.read(wakeup, 4096)
        if control in ready or stopped:
            return GRACE_ON_STOP


def main() -> None:
    """Start the job, watch it, end its family, tell how it ended."""
    (control, limit, processors), (program, *argv) = map(int, sys.argv[1:4]), sys.argv[4:]
    os.set_inheritable(control, False)
    wakeup, alarm = os.pipe()
    os.set_blocking(alarm, False)
    stopped: list[int] = []
    for number in _STOP_SIGNALS:
        signal.signal(number, lambda number, _: stopped.append(number))
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(alarm, warn_on_full_buffer=False)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    family = Family(_start(program, argv, processors))
    _tell(control, f"pid {family.head}\n")
    family.end(_watch(family, control, limit, wakeup, stopped), wakeup)
    status = family.status if family.status is not None else -signal.SIGKILL
    _tell(control, f"exit {status}\n")
    os._exit(0)


if __name__ == "__main__":
    main()
