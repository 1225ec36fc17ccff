"""A project whose Transforms run outside of an update, as the last update deployed it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.contract.job import Job
from datakit_iac.environment import limits
from datakit_iac.environment.model import ResolvedProject
from datakit_iac.executors.registry import executor
from datakit_iac.history import place
from datakit_iac.history.database import Database, HistoryError
from datakit_iac.history.deployments import Deployments
from datakit_iac.history.history import History
from datakit_iac.history.record import TriggerName
from datakit_iac.manifest.models.transform import Schedule
from datakit_iac.manifest.values.duration import kept_seconds
from datakit_iac.runs.adoption import IMPORTED
from datakit_iac.runs.differences import differences
from datakit_iac.runs.operation import NotDoneError, Operation
from datakit_iac.runs.request import RunRequest, identity
from datakit_iac.runs.stores.access import opened
from datakit_iac.runs.verification import demand_kept
from datakit_iac.runtimes.definition import definition, digest, given_digest
from datakit_iac.runtimes.definition import given as files
from datakit_iac.technologies.roles import version_of
from datakit_iac.technologies.technology import StoreError, StoreMissingError, technology

_UNAPPLIED = ("add", "widen", "narrow", "rename")


@dataclass(frozen=True)
class RunnableProject:
    """A project in one environment, with what its Runs need.

    Attributes:
        resolved: the project.
        stack: ``project/environment``.
        connect: how a Store is reached, by its name, with its secrets.
        where: the executor of a job, with its settings; that of the Environment where it is None.
    """

    resolved: ResolvedProject
    stack: str
    connect: Callable[[str], Connection]
    where: Callable[[Job], Mapping[str, Any]] | None = None

    @cached_property
    def database(self) -> Database:
        """The history of the environment.

        Raises:
            HistoryError: it cannot be opened.
        """
        return place.opened(self.stack, self._history_store)

    @cached_property
    def history(self) -> History:
        """The Runs of the environment."""
        return History(self.database)

    def request(
        self, name: str, call: Operation, *, trigger: TriggerName, due: float | None = None, force: bool = False
    ) -> RunRequest:
        """What runs when a Transform of the project is run now.

        Raises:
            NotDoneError: what it writes is not as the project says, or what is approved is something else.
            StoreError: a Store cannot be reached.
            HistoryError: the history cannot be read.
        """
        self._demand_approved(name)
        job = self.job(name)
        where = self.where(job) if self.where else limits.executor(self.resolved.environment) or {}
        is_streaming = self._is_streaming(name)
        if is_streaming and (kind := where.get("type")) and executor(kind).capabilities.streams:
            raise NotDoneError(
                f"{name} is streaming, and the executor {kind} keeps it running: "
                f"`dk apply --env {self.resolved.environment.name}` deploys it"
            )
        # Of what is fetched from elsewhere nothing tells whether it changed: a person or a schedule decides.
        is_asked = force or (not job.inputs and trigger in ("manual", "schedule"))
        defined, versions = definition(job), {each.name: self._version(each, name, call) for each in job.inputs}
        return RunRequest(
            replace(job, identity=identity(defined, job.inputs, versions)),
            definition=defined,
            versions=versions,
            generations=dict(self._generations(job.outputs, call)),
            trigger=trigger,
            due=due,
            quotas=limits.quotas(self.resolved),
            where=where,
            history=self._history_store,
            is_forced=is_asked or is_streaming,
            is_streaming=is_streaming,
        )

    def job(self, name: str) -> Job:
        """What a Transform runs, with the ways to its Stores."""
        job = self.resolved.transforms[name].job
        reached = replace(
            job, inputs=tuple(map(self._reached, job.inputs)), outputs=tuple(map(self._reached, job.outputs))
        )
        if not self.resolved.environment.spec.approval.needed:
            return reached
        return replace(reached, given=given_digest(files(job)))

    def after(self, names: Iterable[str], *, every: bool) -> list[str]:
        """The Transforms downstream of some, in order: those that run on a change, or every one that ends."""
        graph = self.resolved.graph
        written = {dataset for name in names for dataset in graph.writes[name]}
        below = {each for dataset in written for each in graph.downstream(dataset)}
        return [
            each
            for each in graph.order
            if each in below
            and each in self.resolved.transforms
            and (self._on_change(each) or (every and not self._is_streaming(each)))
        ]

    def before(self, name: str) -> set[str]:
        """The Transforms that write what one reads, or what its tests read; a streaming one is not waited for."""
        graph = self.resolved.graph
        read = (*graph.reads[name], *graph.references.get(name, ()))
        return {writer for dataset in read for writer in self._batch_writers(dataset)} - {name}

    def schedules(self) -> dict[str, Schedule]:
        """The schedule of each Transform that has one."""
        triggers = {name: each.manifest.spec.trigger for name, each in self.resolved.transforms.items()}
        return {name: trigger.schedule for name, trigger in triggers.items() if trigger.schedule}

    def on_change(self) -> list[str]:
        """The Transforms that run on a change, in order."""
        return [name for name in self.resolved.transforms if self._on_change(name)]

    def readers(self, name: str) -> list[str]:
        """The Transforms that run on a change and read what one writes."""
        graph = self.resolved.graph
        found = {reader for dataset in graph.writes.get(name, ()) for reader in graph.readers.get(dataset, ())}
        return [each for each in self.on_change() if each in found and each != name]

    def sources(self) -> dict[str, list[str]]:
        """The DataSets that no Transform writes in Runs, with those that read each and run on a change."""
        graph = self.resolved.graph
        there = [name for name in self.resolved.datasets if not self._batch_writers(name)]
        found = {name: [each for each in graph.readers.get(name, ()) if self._is_run(each)] for name in there}
        return {name: readers for name, readers in found.items() if readers}

    def content(self, name: str, call: Operation) -> str:
        """The version of a DataSet's content as it is now.

        Raises:
            NotDoneError: it is not there.
            StoreError: its Store cannot be reached.
        """
        return self._content(self._reached(self.resolved.datasets[name].bound), call)

    def forget(self) -> None:
        """Remove Runs from the history that are older than the environment keeps them; what cannot be now, is later."""
        with suppress(HistoryError):
            self.history.forget(time.time() - kept_seconds(self.resolved.environment.spec.history_retention))

    @cached_property
    def _history_store(self) -> Connection | None:
        store = self.resolved.environment.spec.history
        try:
            return self.connect(store) if store else None
        except StoreError as fault:
            raise HistoryError(f"the history in Store {store} cannot be reached: {fault}") from fault

    def _on_change(self, name: str) -> bool:
        return self.resolved.transforms[name].manifest.spec.on_change

    def _is_streaming(self, name: str) -> bool:
        return name in self.resolved.transforms and self.resolved.transforms[name].manifest.spec.is_streaming

    def _batch_writers(self, dataset: str) -> list[str]:
        return [each for each in self.resolved.graph.writers.get(dataset, ()) if not self._is_streaming(each)]

    def _reached(self, dataset: BoundDataSet) -> BoundDataSet:
        return replace(dataset, connection=self.connect(dataset.store))

    def _demand_approved(self, name: str) -> None:
        if not self.resolved.environment.spec.approval.needed:
            return
        environment = self.resolved.environment.name
        deployed = Deployments(self.database).definitions().get(name)
        if deployed != limits.deployment(self.resolved, self.resolved.transforms[name]):
            what = "is not deployed" if deployed is None else "differs from what was approved and deployed"
            raise NotDoneError(
                f"{name} {what} in {environment}, which asks for approvals; plan, approve and apply it first"
            )

    def _version(self, dataset: BoundDataSet, reader: str, call: Operation) -> str:
        """The version of an input, as an update tells it: by the Runs that write it, or else by its content."""
        graph = self.resolved.graph
        writers = [each for each in graph.writers.get(dataset.name, ()) if each != reader and self._is_run(each)]
        latest = {each: self.history.latest(each).get(each) for each in sorted(writers)}
        told = [each.succeeded.outputs.get(dataset.name, "") for each in latest.values() if each and each.succeeded]
        if writers and len(told) == len(writers) and all(told):
            return told[0] if len(told) == 1 else digest(told)
        return self._content(dataset, call, writers)

    def _content(self, dataset: BoundDataSet, call: Operation, writers: Sequence[str] = ()) -> str:
        try:
            with opened(dataset.connection, call) as session:
                if self.resolved.datasets[dataset.name].contract.external and (live := session.describe(dataset.place)):
                    demand_kept(session, dataset, live)
                found = version_of(session, dataset)
        except StoreMissingError:
            found = ""
        if found:
            return found
        there = technology(dataset.connection.technology).location(dataset.connection)
        made = f"; run {' or '.join(sorted(writers))} first" if writers else "; put it there"
        raise NotDoneError(f"input {dataset.name}: there is no {dataset.place} in {there}{made}")

    def _is_run(self, name: str) -> bool:
        return name in self.resolved.transforms and self._on_change(name)

    def _generations(self, outputs: Iterable[BoundDataSet], call: Operation) -> Iterator[tuple[str, str]]:
        """The generation of each output, as its mark has it.

        Raises:
            NotDoneError: an update must make or change one first.
        """
        environment = self.resolved.environment.name
        for each in outputs:
            try:
                with opened(each.connection, call) as session:
                    live = session.describe(each.place)
            except StoreMissingError:
                live = None
            if live is None:
                raise NotDoneError(
                    f"output {each.name}: {each.place} is not there yet; `dk apply --env {environment}` first"
                )
            keeps = technology(each.connection.technology).capabilities.keeps_schema
            changes = [] if not keeps or live.is_view else differences(each, live.columns)
            if unapplied := [str(change) for change in changes if change.kind in _UNAPPLIED]:
                raise NotDoneError(
                    f"output {each.name}: {each.place} is not as its contract says: {'; '.join(unapplied)};"
                    f" `dk apply --env {environment}` first"
                )
            yield each.name, live.mark.generation if live.mark else IMPORTED
