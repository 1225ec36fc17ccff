"""One Run as the history has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal

State = Literal["queued", "running", "succeeded", "failed", "cancelled", "lost"]
"""`lost`: what ran it ended without a word."""

TriggerName = Literal["update", "schedule", "on-change", "manual"]

OPEN: Final = ("queued", "running")
"""The states of a Run that is not over."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One Run.

    Attributes:
        id: a UUID of version 7: later Runs have greater ones.
        stack: ``project/environment``.
        transform: the Transform's name.
        trigger: what started it.
        definition: the digest of what decides its result.
        identity: the same for the same definition and versions of the inputs.
        state: how far it is.
        queued_at: seconds since 1970, as the others.
        inputs: the version of each DataSet read, by name.
        generations: that of each DataSet written, by name, before it ran.
        outputs: the version of each DataSet written, by name, after it ran.
        counts: rows by table, or models and tests by result.
        due: the time of the schedule that it was started for.
        started_at, ended_at: None before it was.
        host: the machine that runs it.
        log: the file of its log on that machine.
        error: why it failed.
        started_by: the user, as the machine knows them.
        stop_asked: whether somebody asked it to stop.
    """

    id: str
    stack: str
    transform: str
    trigger: TriggerName
    definition: str
    identity: str
    state: State
    queued_at: float
    inputs: Mapping[str, str] = field(default_factory=dict)
    generations: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    due: float | None = None
    started_at: float | None = None
    ended_at: float | None = None
    host: str = ""
    log: str = ""
    error: str = ""
    started_by: str = ""
    stop_asked: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it is not over."""
        return self.state in OPEN

    @property
    def described(self) -> str:
        """What people recognize it by: ``Run 0193f2a4-… (schedule, 2026-11-30 06:00:02 UTC)``."""
        begun = datetime.fromtimestamp(self.started_at or self.queued_at, UTC)
        return f"Run {self.id} ({self.trigger}, {begun:%Y-%m-%d %H:%M:%S} UTC)"

    @property
    def environment(self) -> str:
        """The environment's name."""
        return self.stack.rpartition("/")[2]
