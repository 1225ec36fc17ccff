"""Edits of Transforms, and of who makes what."""

from __future__ import annotations

from dataclasses import replace

import hypothesis.strategies as st
from hypothesis.stateful import rule

from tests.model.edits import deliveries, wiring
from tests.model.rules.machine import KILLS, LOADED, MODELS, Rules
from tests.model.update import Kill


class Transforms(Rules):
    """Edits of Transforms, and of who makes what."""

    @rule(load=LOADED, mode=st.sampled_from(wiring.MODES), kill=KILLS)
    def a_load_writes_otherwise(self, load: str, mode: str, kill: Kill | None) -> None:
        self._change(wiring.in_mode(self.project, load, mode), f"{load} is loaded by {mode}", kill=kill)

    @rule(load=LOADED, name=st.sampled_from(["fetch", "get"]), less=st.booleans(), kill=KILLS)
    def a_load_is_renamed(self, load: str, name: str, less: bool, kill: Kill | None) -> None:
        name = f"{name}-{load}"
        project = (less and deliveries.without_row(self.project, load, 0)) or self.project
        if self.project.loads[load].name != name:
            said = f"{load} is loaded by {name}{', and a row less' if less else ''}"
            self._change(project.edited("loads", load, name=name), said, kill=kill, runs=[name])

    @rule(name=st.sampled_from(["stage", "staging"]), kill=KILLS)
    def the_first_dbt_transform_is_renamed(self, name: str, kill: Kill | None) -> None:
        if name != self.project.staging:
            self._change(replace(self.project, staging=name), f"{name} makes what is staged", kill=kill)

    @rule(kill=KILLS)
    def a_second_writer_comes_or_goes(self, kill: Kill | None) -> None:
        self._change(
            wiring.with_second_writer(self.project), "a second load fills people, or no longer does", kill=kill
        )

    @rule(maker=st.sampled_from(["", "load", "table", "view"]), kill=KILLS)
    def extra_is_made_otherwise(self, maker: str, kill: Kill | None) -> None:
        self._change(wiring.made_by(self.project, maker), f"extra is made by {maker or 'nobody'}", kill=kill)

    @rule(model=MODELS, kind=st.sampled_from(["table", "view"]))
    def a_model_is_built_otherwise(self, model: str, kind: str) -> None:
        if self.project.models[model].kind != kind:
            self._change(self.project.edited("models", model, kind=kind), f"{model} is a {kind}")

    @rule(text=st.sampled_from(["", "1", "2"]))
    def an_unused_macro_changes(self, text: str) -> None:
        self._change(replace(self.project, macro=text), f"an unused macro says {text!r}", idle=True)

    @rule()
    def marts_reads_what_it_does_not_declare(self) -> None:
        self._refuse(replace(self.project, undeclared=True), "marts reads big and does not declare it")
