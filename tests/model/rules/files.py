"""Edits of files."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis.stateful import rule

from tests.model.edits import deliveries
from tests.model.rules.machine import KILLS, LOADED, SEEDS, Rules
from tests.model.update import Kill


class Files(Rules):
    """Edits of files."""

    @rule(source=SEEDS, file=st.sampled_from(["one.csv", "two.csv"]), seed=SEEDS, kill=KILLS)
    def a_row_comes(self, source: int, file: str, seed: int, kill: Kill | None) -> None:
        name = self._sources()[source % len(self._sources())]
        self._change(
            deliveries.with_row(self.project, name, file, seed),
            f"{name} has a row more in {file}",
            kill=kill,
            runs=self._loads(name),
        )

    @rule(source=SEEDS, seed=SEEDS, kill=KILLS)
    def a_row_goes(self, source: int, seed: int, kill: Kill | None) -> None:
        name = self._sources()[source % len(self._sources())]
        self._change(
            deliveries.without_row(self.project, name, seed), f"{name} lacks a row", kill=kill, runs=self._loads(name)
        )

    @rule(source=SEEDS, seed=SEEDS)
    def a_value_changes(self, source: int, seed: int) -> None:
        name = self._sources()[source % len(self._sources())]
        self._change(deliveries.with_value(self.project, name, seed), f"{name} has another value")

    @rule(source=LOADED)
    def a_hidden_file_comes_or_goes(self, source: str) -> None:
        self._change(
            deliveries.with_hidden_file(self.project, source), f"a hidden file in {source} comes or goes", idle=True
        )

    @rule(source=LOADED, refreshed=st.booleans())
    def a_bad_value_comes(self, source: str, refreshed: bool) -> None:
        self._refuse(
            deliveries.with_bad_value(self.project, source),
            f"{source} has a key that is not a number",
            refreshed=refreshed,
        )
