"""What an Executor promises: start a workload, give out its lines, stop it when asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

from datakit_iac.executors.workload import Workload
from datakit_iac.findings.fault import Fault


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an Executor can do beyond running a process.

    Attributes:
        shares_filesystem: its processes see the files of this machine under the same paths, those of this
            installation among them.
        runs_images: it runs a workload in its `image`.
        resources: what of a workload's `resources` it keeps, e.g. ``limits.memory``.
        outlives_caller: what it runs goes on when this process ends, and the next one can attach to it.
        schedules: it starts scheduled Transforms by itself, once an update has deployed them.
        streams: it keeps streaming Transforms running by itself, once an update has deployed them.
    """

    shares_filesystem: bool = False
    runs_images: bool = False
    resources: frozenset[str] = frozenset()
    outlives_caller: bool = False
    schedules: bool = False
    streams: bool = False


class Cancelled(Exception):  # noqa: N818 - reads as what happened
    """The job was stopped because the user asked for it; its processes are gone."""


class LimitExceededError(Exception):
    """The job used more than its `resources` allow, and was stopped; the text says of what, and how much."""


class ExecutorError(Exception):
    """An executor could not run a workload, or lost it; the text says why, and of what."""


class Execution(Protocol):
    """A workload that was started."""

    @property
    def status(self) -> Literal["queued", "running", "ended"]:
        """How far it is; `ended` once `exit_code` is known."""

    @property
    def exit_code(self) -> int | None:
        """How it ended, negative for a signal; None before it is over and every line was given out."""

    def receive(self, timeout: float) -> str | None:
        """The next line without its end, or None where there is none within `timeout` seconds.

        Stdout and stderr are one stream, each line given out as it comes.

        Raises:
            EOFError: it has ended and every line was given out.
            LimitExceededError: so it has, because it used more than its `resources` allow.
            ExecutorError: it cannot be run, or was lost.
            FileNotFoundError: there is no such program, which an executor may find only when the workload begins.
        """

    def cancel(self) -> None:
        """End it and all that came from it within 5 seconds, and remove its folder.

        Of one that ended by itself, what is left is removed. May be called again.
        """


class Executor(Protocol):
    """Where jobs run. Importing one must be cheap; there is one object of it in a process."""

    name: str
    capabilities: Capabilities

    def start(self, workload: Workload) -> Execution:
        """Start a workload, or attach to the one with the same key where that goes on.

        Where this process dies, all that was started ends within 5 seconds, unless `capabilities.outlives_caller`.

        Raises:
            FileNotFoundError: there is no such program or image.
            ExecutorError: it cannot be started.
        """


@runtime_checkable
class KeepsWorkers(Protocol):
    """An Executor that keeps the `worker` of a workload for the next one, so that its start-up is paid once."""

    def warm(self, workload: Workload) -> None:
        """Start a worker for workloads like this one, unless there is one; returns at once."""

    def close(self) -> None:
        """End every worker that is kept."""


@runtime_checkable
class Configurable(Protocol):
    """An Executor that takes what an Environment says beside its name: ``executor: {type: acme, queue: nightly}``."""

    def check(self, settings: Mapping[str, Any]) -> Sequence[Fault]:
        """The faults of the settings, each with its path in them, e.g. ``("queue",)``; nothing is reached."""

    def configured(self, settings: Mapping[str, Any]) -> Executor:
        """The Executor as the settings say it."""


@runtime_checkable
class Judges(Protocol):
    """An Executor that says more of a workload than its capabilities do."""

    def refused(self, workload: Workload) -> Iterator[str]:
        """Why it cannot run a workload, each reason one sentence; nothing is started."""

    def unkept(self, workload: Workload) -> Iterator[tuple[str, str]]:
        """What it keeps otherwise than a workload says it: the field, and a sentence."""


def runs_in_image(executor: Executor, workload: Workload) -> bool:
    """Whether an Executor runs a workload in its image: not where it needs the files of this machine, and sees them."""
    able = executor.capabilities
    is_here = able.shares_filesystem and "shares_filesystem" in workload.needs
    return bool(workload.image) and able.runs_images and not is_here


def unmet(executor: Executor, workload: Workload) -> Iterator[str]:
    """Why an Executor cannot run a workload, each reason one sentence; none where it can."""
    for capability, reason in workload.needs.items():
        if not getattr(executor.capabilities, capability):
            yield f"the executor {executor.name} has no `{capability}`, and {reason}; expected one that has it"
    if not (workload.argv or workload.image or workload.cwd):
        yield f"{workload.name} has neither a command nor an image to run"
    elif not workload.argv and workload.image and not executor.capabilities.runs_images:
        has = f"{workload.name} has the image {workload.image} to run"
        yield f"the executor {executor.name} runs no images, and {has}; expected a command"
    if isinstance(executor, Judges):
        yield from executor.refused(workload)


def unkept(executor: Executor, workload: Workload) -> Iterator[tuple[str, str]]:
    """What an Executor leaves out of a workload that it can run: the field, and a sentence."""
    able = executor.capabilities
    if workload.image and not able.runs_images:
        yield "image", f"the executor {executor.name} runs no images: {workload.image} has no effect"
    elif workload.image and not runs_in_image(executor, workload):
        yield "image", f"what runs is of this machine: {workload.image} has no effect on the executor {executor.name}"
    said = [f"{part}.{name}" for part, amounts in workload.resources.items() for name in amounts]
    if left_out := [each for each in said if each not in able.resources]:
        yield "resources", f"the executor {executor.name} does not keep {', '.join(left_out)}"
    if isinstance(executor, Judges):
        yield from executor.unkept(workload)
