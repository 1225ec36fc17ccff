"""What is asked for when a Transform is to run, and what came of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.contract.job import Job
from datakit_iac.executors.protocol import Executor
from datakit_iac.executors.registry import executor
from datakit_iac.history.record import RunRecord, TriggerName
from datakit_iac.manifest.values.open_names import DEFAULT_EXECUTOR
from datakit_iac.technologies.technology import address


@dataclass(frozen=True, slots=True)
class RunRequest:
    """One Run that is asked for.

    Attributes:
        job: what runs; its `identity` is `identity(…)`.
        definition: the digest of what decides its result.
        versions: the version of each input, by DataSet name.
        generations: that of each output, by DataSet name.
        trigger: what starts it.
        due: the time of the schedule that it is started for.
        quotas: `concurrentRuns`, a number; `storage`, with the `stores` that count (`runs.quotas`).
        where: the executor: ``{"type": …}`` and its settings; the default one where it is empty.
        history: the Store that has the history; a file of the project where it is None.
        is_forced: whether it runs though nothing changed.
        is_streaming: whether it is kept running until it is stopped.
    """

    job: Job
    definition: str
    versions: Mapping[str, str] = field(default_factory=dict)
    generations: Mapping[str, str] = field(default_factory=dict)
    trigger: TriggerName = "update"
    due: float | None = None
    quotas: Mapping[str, Any] = field(default_factory=dict)
    where: Mapping[str, Any] = field(default_factory=dict)
    history: Connection | None = None
    is_forced: bool = False
    is_streaming: bool = False

    @property
    def executor(self) -> Executor:
        """Where it runs.

        Raises:
            LookupError: no executor of that name is installed.
        """
        settings = dict(self.where)
        return executor(settings.pop("type", DEFAULT_EXECUTOR), settings)


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What came of a Run.

    Attributes:
        written: the version of each output, by DataSet name.
        counts: rows by table, or models and tests by result.
        notes: what people should know.
        record: its record in the history.
        is_adopted: whether it had happened already, so that nothing was run.
    """

    written: Mapping[str, str]
    counts: Mapping[str, int]
    record: RunRecord
    notes: tuple[str, ...] = ()
    is_adopted: bool = False


def identity(definition: str, inputs: Iterable[BoundDataSet], versions: Mapping[str, str]) -> str:
    """A digest of the definition and of its inputs' versions; it stays the same where a DataSet is renamed.

    Args:
        definition: the digest of what decides the result.
        inputs: what is read.
        versions: the version of each, by DataSet name.
    """
    places = {each.name: [each.store or None, address(each)] for each in inputs}
    told = [[places.get(name, name), version] for name, version in versions.items()]
    text = json.dumps([definition or None, sorted(told, key=str)])
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
