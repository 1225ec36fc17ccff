"""The jobs that Runs started, watched: which of them ended, and a provider that dies right after one."""

from __future__ import annotations

from dataclasses import dataclass, field

from datakit_iac.contract.job import Job
from datakit_iac.runtimes import execution
from datakit_iac.runtimes.job import RunContext, RunResult, Runtime


@dataclass
class Jobs:
    """What is known of the jobs of one provider.

    Attributes:
        ended: the Transforms whose jobs ended well, in this order.
        deadly: whether the provider dies when the next job ended, before it verifies anything.
    """

    ended: list[str] = field(default_factory=list)
    deadly: bool = False

    def run(self, runtime: Runtime, job: Job, context: RunContext) -> RunResult:
        """Run a job, watched; see `runtimes.execution.run`."""
        outcome = execution.run(runtime, job, context)
        self.ended.append(job.transform)
        if self.deadly:
            raise ConnectionAbortedError("the provider died")
        return outcome
