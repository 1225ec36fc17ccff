"""Run: one execution of a Transform, done again only when its definition or its inputs changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, Final

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.contract.job import Job
from datakit_iac.executors.protocol import Cancelled, unkept, unmet
from datakit_iac.executors.registry import executor, invalid_settings
from datakit_iac.findings.fault import Fault
from datakit_iac.manifest.values.open_names import DEFAULT_EXECUTOR
from datakit_iac.provider import inputs
from datakit_iac.provider.property_values import UNKNOWN, has_unknowns
from datakit_iac.provider.protocol import Call, Difference, PartialError, Properties
from datakit_iac.provider.resource_types.recorded import RecordType, identifier
from datakit_iac.provider.resource_types.run_reasons import reasons
from datakit_iac.runs.operation import NotDoneError
from datakit_iac.runs.request import RunRequest
from datakit_iac.runs.stores.access import alone
from datakit_iac.runs.verification import verify
from datakit_iac.runtimes.execution import rendered
from datakit_iac.runtimes.job import JobFailedError, UsesPlugins
from datakit_iac.runtimes.registry import runtime
from datakit_iac.technologies.technology import StoreError, place_id

REASONS: Final = ("definition", "versions", "generations")
"""The inputs whose change makes a Run happen again: what it does, what it reads, what it fills."""

TESTS: Final = ("tests", "references")
"""The inputs whose change makes what was written be verified again: the tests, and what they compare it with."""

_PLANNED: Final = {"written": UNKNOWN, "counts": UNKNOWN}


class RunType(RecordType):
    """The lifecycle of a Run."""

    def check(self, old: Properties, new: Properties, call: Call) -> list[Fault]:
        """A job that its runtime can run."""
        faults = inputs.unsound("Run", new)
        known = {**new, "versions": None, "generations": None, "references": None}  # no fault is one of these
        if faults or has_unknowns(known):
            return faults
        job = inputs.job(known, call.environment)
        try:
            found = runtime(job.runtime)
        except LookupError as unknown:
            return [Fault("unknown-runtime", ("runtime",), str(unknown))]
        faults = [fault.below("settings") for fault in found.check(job)]
        return [
            *faults,
            *([] if faults else _refused(job, known)),
            *_elsewhere("inputs", job.inputs, call),
            *_elsewhere("outputs", job.outputs, call),
        ]

    def diff(self, old: Properties, new: Properties, state: Properties) -> Difference:
        """Only what decides the result counts; the rest is recorded as it comes.

        A Run that failed differs whatever its inputs: a refresh lets the engine forget the failure.
        """
        changed = [key for key in (*REASONS, *TESTS) if old.get(key) != new.get(key)]
        if not changed and state.get("incomplete"):
            changed = ["written"]
        return Difference(dict.fromkeys(changed, "update"))

    def create(self, new: Properties, call: Call) -> tuple[str, Properties]:
        """Run it."""
        if call.preview:
            inputs.foretell(_said(new), call)
            _tell_workload(new, call)
            return identifier(new["transform"]), dict(_PLANNED)
        return new["transform"], _execute(new, call)

    def update(self, old: Properties, new: Properties, state: Properties, call: Call) -> Properties:
        """Run it again."""
        again = state.get("incomplete") or any(old.get(key) != new.get(key) for key in REASONS)
        if call.preview:
            inputs.foretell(_said(new), call)
            call.tell(
                f"re-running: {reasons(old, new) or 'the previous run failed'}" if again else "re-running tests only"
            )
            if again:
                _tell_workload(new, call)
            return dict(_PLANNED) if again else state
        return _execute(new, call) if again else _test_again(new, state, call)


def _executor(run: Properties) -> tuple[str, dict[str, Any]]:
    """Where a Run runs: the name of an executor, and its settings."""
    settings = dict(run.get("executor") or {})
    return settings.pop("type", DEFAULT_EXECUTOR), settings


def _refused(job: Job, run: Properties) -> Iterator[Fault]:
    """Why the executor cannot run a job. The default one can, where it needs no image: a check without it is faster."""
    if not (run.get("executor") or job.image):
        return
    name, settings = _executor(run)
    try:
        if faults := invalid_settings(name, settings):
            yield from (fault.below("executor") for fault in faults)
            return
        for reason in unmet(executor(name, settings), rendered(runtime(job.runtime), job)):
            yield Fault("invalid-job", ("executor",), reason)
    except LookupError as fault:
        yield Fault("executor-not-installed", ("executor",), str(fault))
    except JobFailedError as failed:
        yield Fault("invalid-job", ("settings",), str(failed))


def _tell_workload(new: Properties, call: Call) -> None:
    """Show what would run, as far as it is known."""
    known = {**_said(new), "transform": new["transform"]}
    if not has_unknowns(known):
        job = inputs.job(known, call.environment)
        with suppress(LookupError, JobFailedError):  # reported by `check`
            workload = rendered(runtime(job.runtime), job)
            call.tell(f"would run: {workload}")
            for _, reason in unkept(executor(*_executor(new)), workload):
                call.tell(reason)
            uses = runtime(job.runtime)
            for promise in uses.unkept(job) if isinstance(uses, UsesPlugins) else ():
                call.warn(promise)


def _elsewhere(field: str, datasets: Iterable[BoundDataSet], call: Call) -> Iterator[Fault]:
    """DataSets whose place differs from what a Run says: the change of their place is ignored."""
    for each in datasets:
        there = call.claims.places(each.name)
        if there and (place := place_id(each)) not in there:
            message = f"{each.name} is in {' and '.join(there)}, and the program says {place}"
            hint = "say where it is, or take its place out of `ignore_changes`"
            yield Fault("invalid-job", (field,), message, hint)


def _said(new: Properties) -> Properties:
    """The inputs that a user declares: digests and versions are unknown wherever one of those is."""
    return {
        name: new.get(name)
        for name in ("runtime", "settings", "inputs", "outputs", "env", "timeout", "quotas", "executor", "plugins")
    }


def _execute(new: Properties, call: Call) -> Properties:
    """Run the job and verify its outputs, unless that happened already outside of this state.

    Raises:
        NotDoneError: the environment's Stores are full; nothing was run.
        PartialError: it failed or was stopped; it is recorded as incomplete, so the next update runs it again.
    """
    from datakit_iac.runs.execution import carried_out  # late: a preview needs no history, and it takes long to import

    job = inputs.job(new, call.environment)
    request = RunRequest(
        job,
        definition=new["definition"],
        versions=new.get("versions") or {},
        generations=new.get("generations") or {},
        quotas=new.get("quotas") or {},
        where=new.get("executor") or {},
        history=inputs.connection(new["history"]) if new.get("history") else None,
    )
    try:
        outcome = carried_out(request, call)
    except NotDoneError:
        raise
    except (Cancelled, JobFailedError, StoreError) as failure:
        raise _incomplete(job, failure, call) from failure
    for note in outcome.notes:
        call.warn(note)
    if outcome.is_adopted:
        call.tell(f"not repeated: {outcome.record.described} did the same")
    call.tell(", ".join(f"{name} {count:,}" for name, count in outcome.counts.items()) or "done")
    return {"written": outcome.written, "counts": outcome.counts}


def _test_again(new: Properties, state: Properties, call: Call) -> Properties:
    """Test what the last run wrote with the tests as they are now.

    Raises:
        PartialError: it does not pass; nothing downstream may take it for done.
    """
    job = inputs.job(new, call.environment)
    try:
        with alone([each.connection for each in job.outputs], call):
            verify(job, new.get("generations") or {}, call)
    except (Cancelled, JobFailedError, StoreError) as failure:
        raise _incomplete(job, failure, call) from failure
    return state


def _incomplete(job: Job, failure: Exception, call: Call) -> PartialError:
    """The record of a failed run, without versions: nothing downstream uses it, and the next update runs it again."""
    reason = call.cancel.reason if isinstance(failure, Cancelled) else str(failure)
    outputs = {"written": {}, "counts": {}, "incomplete": True}
    return PartialError(job.transform, outputs, f"Transform {job.transform}: {reason}")
