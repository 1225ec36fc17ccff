"""The status of each Transform: its last Run, whether its outputs are fresh, and when it runs next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from datakit_iac.history.history import Latest
from datakit_iac.history.record import RunRecord
from datakit_iac.manifest.models.dataset import DataSet
from datakit_iac.manifest.project import Project
from datakit_iac.manifest.values.duration import seconds
from datakit_iac.pipeline.graph import Graph
from datakit_iac.scheduling.schedule import next_time


@dataclass(frozen=True, slots=True)
class Standing:
    """The status of a Transform.

    Attributes:
        transform: its name.
        trigger: what makes it run, as its manifest says.
        last: its last Run; None where it never ran.
        age: seconds since its last Run that succeeded; None where none did.
        allowed: the seconds after which an output counts as stale, by its tests of freshness; None where none has one.
        due: when it is scheduled next; None where it is not.
    """

    transform: str
    trigger: str
    last: RunRecord | None
    age: float | None
    allowed: float | None
    due: datetime | None

    @property
    def is_stale(self) -> bool:
        """Whether an output is older than its freshness allows."""
        return self.allowed is not None and (self.age is None or self.age > self.allowed)


def standings(project: Project, graph: Graph, latest: Mapping[str, Latest], now: datetime) -> Iterator[Standing]:
    """The status of each Transform of a project, in the order of the graph."""
    for name in graph.order:
        trigger, found = project.transforms[name].spec.trigger, latest.get(name)
        ended = found.succeeded.ended_at if found and found.succeeded else None
        limits = [limit for each in graph.writes[name] if (limit := _allowed(project.datasets.get(each))) is not None]
        yield Standing(
            name,
            " + ".join(trigger.policies) or trigger.policy,
            found.run if found else None,
            None if ended is None else now.timestamp() - ended,
            min(limits, default=None),
            next_time(trigger.schedule, now.astimezone(UTC)) if trigger.schedule else None,
        )


def _allowed(dataset: DataSet | None) -> float | None:
    """The seconds after which a DataSet counts as stale; None where its tests say nothing of that."""
    tests = dataset.spec.tests if dataset else ()
    return min((seconds(each.freshness.max_age) for each in tests if each.freshness), default=None)
