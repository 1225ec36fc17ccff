"""A few of the stories through the real engine, CloudQuery's CLI and dbt, so that the one in process is kept honest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from tests.model.edits import columns, deliveries, wiring
from tests.model.project import Project, first
from tests.model.state import Outcome
from tests.model.story import Story
from tests.model.update import Kill
from tests.model.warehouses import DuckDB
from tests.scenarios.workspace import Workspace

pytestmark = pytest.mark.engine
_KINDS: Final = {"create-replacement": "replace", "delete-replaced": "delete"}


class RealEngine:
    """Pulumi's engine, as a story asks it; nothing is killed."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._urns: dict[str, str] = {}

    def up(self, *, replaced: str = "", kill: Kill | None = None) -> Outcome:
        """`pulumi up --skip-preview`."""
        assert kill is None, "the real engine is killed by tests/scenarios/test_interruptions.py"
        more = ["--replace", self._urns[replaced]] if replaced else []
        done = self._workspace.up("--skip-preview", *more)
        outcome = Outcome(error="" if done.code == 0 else done.text)
        for event in self._events():
            self._take(event, outcome)
        return outcome

    def refresh(self) -> Outcome:
        """`pulumi refresh`."""
        done = self._workspace.refresh()
        return Outcome(error="" if done.code == 0 else done.text)

    def taint(self, wanted: str) -> None:
        """`pulumi state taint`."""
        self._workspace.run("state", "taint", self._urns[wanted], "--yes", "--stack", "dev").ok()

    def copied(self, root: Path) -> RealEngine:
        """The same stack in another folder."""
        return RealEngine(Workspace(root, made=True))

    def _events(self) -> Iterator[dict[str, object]]:
        for line in (self._workspace.root / "events.json").read_text().splitlines():
            yield json.loads(line)

    def _take(self, event: dict[str, object], outcome: Outcome) -> None:
        for kind in ("resOutputsEvent", "resOpFailedEvent"):
            told = event.get(kind)
            if isinstance(told, dict):
                urn, operation = told["metadata"]["urn"], told["metadata"]["op"]
                type_, _, name = urn.rpartition("::")
                label = f"{type_.rpartition(':')[2]} {name}"
                self._urns[label] = urn
                if kind == "resOpFailedEvent":
                    outcome.failed = label
                elif "datakit:index:Platform" not in urn.rpartition("$")[2] and operation not in (
                    "same",
                    "refresh",
                    "replace",
                ):
                    outcome.operations.append((_KINDS.get(operation, operation), label))


def some(project: Project | None) -> Project:
    assert project is not None
    return project


def test_the_rows_are_right_after_every_change_through_the_real_engine(tmp_path: Path) -> None:
    story = Story(RealEngine(Workspace(tmp_path)), tmp_path, first(DuckDB())).begin()
    story.change(deliveries.with_row(story.project, "people", "two.csv", 2), "a row more", runs=["load-people"])
    story.change(some(columns.with_column(story.project, "sales", "city", "string", 1)), "a column more")
    story.change(some(columns.widened(story.project, "sales")), "a column is wider")
    story.refuse(some(deliveries.with_bad_value(story.project, "sales")), "a bad value", refreshed=True)
    story.change(story.project.edited("loads", "people", name="fetch"), "a load is renamed", runs=["fetch"])
    story.change(replace(story.project, path="ROOT/project/warehouse.duckdb"), "an absolute path", idle=True)
    story.change(story.project, "--replace", replaced="DataSet people")
    story.change(some(wiring.made_by(story.project, "view")), "extra is a view")
    story.change(some(wiring.made_by(story.project, "load")), "extra is loaded")
