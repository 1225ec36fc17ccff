"""The jobs that Runs started, watched: which of them ended, and a provider that dies right after one."""

from __future__ import annotations

from dataclasses import dataclass, field

from datakit_iac.contract.job import Job
from datakit_iac.runtimes import registry
from datakit_iac.runtimes.job import Outcome, Runtime, Surroundings


@dataclass
class Jobs:
    """What is known of the jobs of one provider.

    Attributes:
        ended: the Transforms whose jobs ended well, in this order.
        deadly: whether the provider dies when the next job ended, before it verifies anything.
    """

    ended: list[str] = field(default_factory=list)
    deadly: bool = False

    def runtime(self, name: str) -> Runtime:
        """The installed Runtime of that name, watched."""
        return _Watched(registry.runtime(name), self)


class _Watched:
    """A Runtime whose jobs are watched."""

    def __init__(self, runtime: Runtime, jobs: Jobs) -> None:
        self._runtime, self._jobs, self.name = runtime, jobs, runtime.name

    def check(self, job: Job) -> list[str]:
        return self._runtime.check(job)

    def definition(self, job: Job) -> str:
        return self._runtime.definition(job)

    def run(self, job: Job, surroundings: Surroundings) -> Outcome:
        outcome = self._runtime.run(job, surroundings)
        self._jobs.ended.append(job.transform)
        if self._jobs.deadly:
            raise ConnectionAbortedError("the provider died")
        return outcome
