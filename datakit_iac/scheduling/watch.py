"""Notifications about a scheduler's Runs: failures, recoveries, and outputs that become stale."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from datakit_iac.manifest.models.environment import NotificationEvent
from datakit_iac.scheduling.notification import Event
from datakit_iac.scheduling.runnable import RunnableProject
from datakit_iac.scheduling.sequence import Result
from datakit_iac.scheduling.status import Standing, standings


class Watch:
    """Which Transforms of a project fail, and which have stale outputs.

    Args:
        project: the project.
        tell: takes each event.
    """

    def __init__(self, project: RunnableProject, tell: Callable[[Event], None]) -> None:
        self._project, self._tell = project, tell
        latest = project.history.latest()
        self._failing = {name for name, each in latest.items() if each.run.state in ("failed", "lost")}
        self._stale = {each.transform for each in self._standings() if each.is_stale}

    def ended(self, result: Result) -> None:
        """Note what came of a Run."""
        if result.state == "failed":
            self._failing.add(result.transform)
            self._event("failure", result.transform, result.error, result.run)
        elif result.state == "succeeded" and result.transform in self._failing:
            self._failing.discard(result.transform)
            self._event("recovery", result.transform, "it succeeded again", result.run)

    def look(self, project: RunnableProject) -> None:
        """Note which outputs of a project, as it is now, are stale by now."""
        self._project = project
        for each in self._standings():
            if not each.is_stale:
                self._stale.discard(each.transform)
            elif each.transform not in self._stale:
                self._stale.add(each.transform)
                self._event("stale", each.transform, "its outputs are older than their freshness allows", "")

    def _standings(self) -> list[Standing]:
        resolved = self._project.resolved
        latest = self._project.history.latest()
        return [*standings(resolved.project, resolved.graph, latest, datetime.now(UTC))]

    def _event(self, kind: NotificationEvent, transform: str, message: str, run: str) -> None:
        environment = self._project.resolved.environment.name
        self._tell(Event(kind, environment, transform, message, run, time.time()))
