"""What happens to a stack without an edit, and earlier versions."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis.stateful import rule

from tests.model.edits import wiring
from tests.model.rules.machine import KILLS, MADE, SEEDS, Rules
from tests.model.update import Kill


class Stack(Rules):
    """What happens to a stack without an edit, and earlier versions."""

    @rule(name=st.sampled_from(["DataSet", "Store", "Transform"]), key=MADE, how=st.booleans(), kill=KILLS)
    def a_resource_is_replaced(self, name: str, key: str, how: bool, kill: Kill | None) -> None:
        labels = {
            "DataSet": f"DataSet {self.project.datasets[key].name}",
            "Store": "Store warehouse",
            "Transform": f"Transform {self.project.marts}",
        }
        if how:
            self.story.taint(labels[name])
            self._change(self.project, "up", kill=kill)
        else:
            self._change(self.project, f"--replace {labels[name]}", replaced=labels[name], kill=kill)

    @rule()
    def the_stack_is_refreshed(self) -> None:
        self.story.refresh()
        self._change(self.project, "up", idle=True)

    @rule(version=SEEDS, kill=KILLS)
    def an_earlier_version_comes_back(self, version: int, kill: Kill | None) -> None:
        versions = self.story.versions
        wanted = wiring.reverted(self.project, versions[version % len(versions)])
        self._change(wanted, "an earlier version comes back", kill=kill)
