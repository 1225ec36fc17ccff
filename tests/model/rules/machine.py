"""What all rules share: a story of their own, and what they choose from."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import Any, Final

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from tests.model.project import Project
from tests.model.story import Story
from tests.model.update import Kill

LOADED: Final = st.sampled_from(["people", "sales"])
MADE: Final = st.sampled_from(["people", "sales", "big", "named", "totals"])
MODELS: Final = st.sampled_from(["big", "named"])
SEEDS: Final = st.integers(0, 29)
RENAMED: Final = (
    *(("people", "name", "nick"), ("people", "nick", "name"), ("people", "age", "age2"), ("people", "city", "town")),
    *(("sales", "amount", "amount2"), ("sales", "person", "person2"), ("sales", "id", "id2")),
)
KILLS: Final = st.one_of(
    st.none(), st.none(), st.none(), st.builds(Kill, st.integers(0, 5), st.sampled_from(["before", "during", "after"]))
)


class Rules(RuleBasedStateMachine):
    """One story, in a copy of the folder of a project after its first `up`."""

    begun: Story
    steps = 0

    def __init__(self) -> None:
        super().__init__()
        root = Path(tempfile.mkdtemp(dir=self.begun.root.parent)) / "copy"
        self.story = self.begun.copied(root)
        self._inside = contextlib.chdir(root)
        self._inside.__enter__()

    def teardown(self) -> None:
        type(self).steps += self.story.steps
        self._inside.__exit__()

    @property
    def project(self) -> Project:
        return self.story.project

    def _sources(self) -> list[str]:
        return [load.source for load in self.project.loads.values()]

    def _loads(self, source: str) -> list[str]:
        return [load.name for load in self.project.loads.values() if load.source == source]

    def _change(self, project: Project | None, said: str, **more: Any) -> None:
        if project is not None:
            self.story.change(project, said, **more)

    def _refuse(self, project: Project | None, said: str, **more: Any) -> None:
        if project is not None:
            self.story.refuse(project, said, **more)
