"""One story of a project: edits, each followed by `up`, each compared with what the documents say."""

from __future__ import annotations

import shutil
import textwrap
from collections import Counter
from collections.abc import Collection, Iterable
from copy import deepcopy
from pathlib import Path
from typing import Any, Protocol

import duckdb
import psycopg

from tests.model.expected import World
from tests.model.project import Project
from tests.model.state import Outcome
from tests.model.update import Kill
from tests.model.values import MisfitError
from tests.model.writing import write


class AnyEngine(Protocol):
    """What a story asks of an engine; see `tests.model.engine.Engine`."""

    def up(self, *, replaced: str = "", kill: Kill | None = None) -> Outcome: ...
    def refresh(self) -> Outcome: ...
    def taint(self, wanted: str) -> None: ...
    def copied(self, root: Path) -> AnyEngine: ...


_FAULTS = (
    "internal error (please report it)",
    "Traceback",
    "KeyError",
    "AttributeError",
    "TypeError",
    "ConversionException",
)


class Story:
    """A stack, the project it is of, and the world as it should be.

    Attributes:
        project: the version that was applied last.
        steps: how many edits were made.
    """

    def __init__(self, engine: AnyEngine, root: Path, project: Project) -> None:
        self.engine = engine
        self.world, self.project, self.root = World(), project, root
        self.versions: list[Project] = []
        self.steps = 0
        self._told: list[str] = []

    def begin(self) -> Story:
        """The first `up`."""
        self.change(self.project, "the first up")
        self.project.warehouse.keep()
        return self

    def copied(self, root: Path) -> Story:
        """The same stack and data in another folder, as a checkout may be moved."""
        shutil.copytree(self.root, root, symlinks=True)
        self.project.warehouse.begin_copy()
        copy = Story(self.engine.copied(root), root, self.project)
        copy.world, copy.versions, copy._told = deepcopy(self.world), [*self.versions], [*self._told]
        return copy

    # What can happen.

    def change(
        self,
        project: Project,
        said: str,
        *,
        kill: Kill | None = None,
        replaced: str = "",
        runs: Iterable[str] = (),
        idle: bool = False,
        either: bool = False,
    ) -> bool:
        """An edit that can stand, unless the model finds a fault in it; whether it could.

        Args:
            project: the project after it.
            said: the edit in words.
            kill: where the first try is killed.
            replaced: the resource that is replaced in any case.
            runs: the Transforms that must run.
            idle: whether nothing may run.
            either: whether it may be refused, and is then taken back.
        """
        if fault := self.world.fault(project):
            self.refuse(project, f"{said}; {fault}")
            return False
        self._tell(said + (f" (killed {kill.when} operation {kill.operation})" if kill else ""))
        self.steps += 1
        before = self.project
        outcome = self._up(project, kill=kill, replaced=replaced)
        ran = set(outcome.runs())
        if kill and outcome.error:
            self._compare(project, "after the kill")
            self._tell("    up again")
            outcome = self._up(project, replaced=replaced)
            ran |= set(outcome.runs())
        if either and outcome.error:
            self._readable(outcome)
            self._compare(project, "after the refusal")
            self._tell("    refused, taken back")
            return self.change(before, "    up") and False
        self._demand(not outcome.error, f"up failed: {outcome.error}")
        self._demand(set(runs) <= ran or bool(kill), f"only {sorted(ran)} ran, not {sorted(set(runs) - ran)}")
        self._demand(not (idle and ran) or bool(kill), f"{sorted(ran)} ran for nothing")
        self._settled(project)
        return True

    def refuse(self, project: Project, said: str, *, repaired: Project | None = None, refreshed: bool = False) -> None:
        """An edit that cannot stand: it fails each time, nothing is lost, and all is right after it is taken back.

        Args:
            project: the project after it.
            said: the edit in words.
            repaired: what it is followed by; else it is taken back.
            refreshed: whether a refresh comes in between.
        """
        self._tell(f"{said} (must be refused)")
        self.steps += 1
        before = self.project
        for _ in range(2):
            outcome = self._up(project)
            self._demand(bool(outcome.error), f"up did {outcome.operations} and did not fail")
            self._readable(outcome)
            self._compare(project, "after the refusal")
            if refreshed:
                self.refresh()
        self._tell("    repaired" if repaired else "    taken back")
        outcome = self._up(repaired or before)
        self._demand(not outcome.error, f"up failed: {outcome.error}")
        self._settled(repaired or before)

    def refresh(self) -> None:
        """`pulumi refresh`."""
        self._tell("    refresh")
        outcome = self.engine.refresh()
        self._demand(not outcome.error, f"refresh failed: {outcome.error}")

    def taint(self, label: str) -> None:
        """`pulumi state taint`."""
        self._tell(f"    taint {label}")
        self.engine.taint(label)

    # What must hold.

    def _up(self, project: Project, *, kill: Kill | None = None, replaced: str = "") -> Outcome:
        write(project, self.root)
        outcome = self.engine.up(kill=kill, replaced=replaced)
        for kind, label in outcome.operations:
            if outcome.run(label) or not label.startswith("Run "):
                self.world.take(project, kind, label)
        kind, label = outcome.killed or ("", "")
        if kind and (outcome.run(label) or not label.startswith("Run ")):
            self.world.take(project, kind, label)
        if outcome.failed.startswith("Run ") and (not kind or (kill and kill.when == "during")):
            self.world.doubt(project, outcome.failed.removeprefix("Run "))
        return outcome

    def _settled(self, project: Project) -> None:
        """All is as the project says, and another up does nothing."""
        try:
            self.world = self.world.finished(project)
        except MisfitError as fault:
            self._demand(False, f"up succeeded, although {fault}")
        self._compare(project, "after up")
        again = self._up(project)
        self._demand(not again.error, f"the second up failed: {again.error}")
        self._demand(not again.operations, f"the second up did {again.operations}")
        self.project = project
        self.versions.append(project)

    def _compare(self, project: Project, when: str) -> None:
        """Hold each table to what it should be."""
        path = self.root / "project" / project.path.replace("ROOT", str(self.root))
        with project.warehouse.opened(path) as database:
            if database is None:
                return
            for key, dataset in project.datasets.items():
                table = self.world.tables.get(dataset.place)
                if table is None or not table.known or (key == "extra" and not project.extra):
                    continue
                schema, _, name = f"main.{dataset.place}".rpartition(".")
                schema = schema.removeprefix("main.")
                where = f'"{schema}"."{name}"'
                try:
                    columns = database.columns(schema, name)
                    names = sorted(table.columns)
                    listed = ", ".join(f'"{column}"' for column in names)
                    rows = database.rows(f"SELECT {listed} FROM {where}")
                except (duckdb.Error, psycopg.Error) as fault:
                    self._demand(False, f"{when}, {where} cannot be read: {fault}")
                columns = {name: kind for name, kind in columns.items() if not name.startswith("_cq_")}
                there = {name: kind for name, kind in columns.items() if name not in table.strays}
                self._demand(
                    there == dict(table.columns), f"{when}, {where} has {there}, expected {dict(table.columns)}"
                )
                self._same(f"{when}, {where} ({listed})", table.counted(names), rows)

    def _same(self, what: str, expected: Counter[tuple[Any, ...]], found: Collection[tuple[Any, ...]]) -> None:
        there = Counter(found)
        missing = sorted((expected - there).elements(), key=str)
        further = sorted((there - expected).elements(), key=str)
        self._demand(there == expected, f"{what}\n  missing: {missing}\n  too many: {further}")

    def _readable(self, outcome: Outcome) -> None:
        wrong = [fault for fault in _FAULTS if fault in outcome.error]
        self._demand(not wrong, f"the error is not for people: {outcome.error}")

    def _demand(self, holds: bool, otherwise: str) -> None:
        if not holds:
            raise AssertionError(f"{otherwise}\n\nThe story:\n{textwrap.indent(chr(10).join(self._told), '  ')}")

    def _tell(self, said: str) -> None:
        self._told.append(said)
