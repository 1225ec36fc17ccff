"""Edits of columns."""

from __future__ import annotations

from dataclasses import replace

import hypothesis.strategies as st
from hypothesis.stateful import rule

from tests.model.edits import columns, deliveries
from tests.model.rules.machine import KILLS, LOADED, MADE, MODELS, RENAMED, SEEDS, Rules
from tests.model.update import Kill


class Columns(Rules):
    """Edits of columns."""

    @rule(
        key=LOADED,
        name=st.sampled_from(["city", "zip"]),
        kind=st.sampled_from(["string", "integer"]),
        at=SEEDS,
        kill=KILLS,
    )
    def a_column_comes(self, key: str, name: str, kind: str, at: int, kill: Kill | None) -> None:
        self._change(
            columns.with_column(self.project, key, name, kind, at),
            f"{key} has the column {name} ({kind}, {at})",
            kill=kill,
        )

    @rule(key=LOADED, name=st.sampled_from(["city", "zip", "town", "age"]), kill=KILLS)
    def a_column_goes_by_consent(self, key: str, name: str, kill: Kill | None) -> None:
        self._change(
            columns.without_column(self.project, key, name, consented=True),
            f"{key} lacks {name}, by consent",
            kill=kill,
        )

    @rule(key=LOADED, name=st.sampled_from(["city", "age"]))
    def a_column_goes_without_leave(self, key: str, name: str) -> None:
        edited, said = (
            columns.without_column(self.project, key, name, consented=False),
            f"{key} lacks {name}, without consent",
        )
        if self.story.world.rows(self.project, key):
            self._refuse(edited, said)
        else:
            self._change(edited, f"{said}, and is empty")

    @rule(key=LOADED, kill=KILLS)
    def a_column_is_narrowed(self, key: str, kill: Kill | None) -> None:
        self._change(columns.narrowed(self.project, key), f"{key} has a narrower column, by consent", kill=kill)

    @rule(column=st.sampled_from([("people", "age"), ("people", "name"), ("sales", "person")]), needed=st.booleans())
    def a_column_is_required(self, column: tuple[str, str], needed: bool) -> None:
        self._change(columns.required(self.project, *column, needed=needed), f"{column} is required: {needed}")

    @rule(key=LOADED)
    def names_of_columns_are_shifted(self, key: str) -> None:
        self._change(
            columns.shifted(self.project, key, "city", "zip", "area"), f"{key}.zip is area now, and city is zip"
        )

    @rule(key=MADE, refreshed=st.booleans())
    def a_test_fails(self, key: str, refreshed: bool) -> None:
        self._refuse(columns.with_failing_test(self.project, key), f"{key} must have 999 rows", refreshed=refreshed)

    @rule(related=st.booleans())
    def sales_refer_to_people(self, related: bool) -> None:
        if self.project.related != related:
            self._change(replace(self.project, related=related), f"sales must refer to people: {related}")

    @rule(how=st.booleans())
    def sales_refer_to_nobody(self, how: bool) -> None:
        edited = deliveries.with_orphan(self.project) if how else deliveries.without_parents(self.project)
        self._change(edited, "a sale of nobody" if how else "the people that sales refer to are gone")

    @rule(renamed=st.sampled_from(RENAMED), kill=KILLS)
    def a_column_is_renamed(self, renamed: tuple[str, str, str], kill: Kill | None) -> None:
        key, old, new = renamed
        self._change(columns.renamed_column(self.project, key, old, new), f"{key}.{old} is {new} now", kill=kill)

    @rule(
        renamed=st.sampled_from(
            [("people", "name", "nick"), ("sales", "amount", "amount2"), ("people", "city", "town")]
        )
    )
    def a_column_is_renamed_and_its_readers_are_not(self, renamed: tuple[str, str, str]) -> None:
        key, old, new = renamed
        self._refuse(
            columns.renamed_column(self.project, key, old, new, forgotten=True),
            f"{key}.{old} is {new} now, and models still read {old}",
            repaired=columns.renamed_column(self.project, key, old, new),
        )

    @rule(key=LOADED, seed=SEEDS)
    def columns_are_reordered(self, key: str, seed: int) -> None:
        self._change(
            columns.reordered(self.project, key, seed), f"{key} has its columns in another order ({seed})", idle=True
        )

    @rule(key=LOADED, kill=KILLS)
    def a_column_is_widened(self, key: str, kill: Kill | None) -> None:
        self._change(columns.widened(self.project, key), f"{key} has a wider column", kill=kill)

    @rule(key=MADE, text=st.sampled_from(["", "One.", "Two."]))
    def a_description_changes(self, key: str, text: str) -> None:
        self._change(columns.described(self.project, key, text), f"{key} is described as {text!r}", idle=True)

    @rule(
        model=MODELS,
        name=st.sampled_from(["more", "again"]),
        of=st.sampled_from(["city", "zip", "age", "id"]),
        kill=KILLS,
    )
    def a_model_shows_a_column_more(self, model: str, name: str, of: str, kill: Kill | None) -> None:
        self._change(
            columns.exposed(self.project, model, of, name), f"{model} has {name}, type and text of {of}", kill=kill
        )

    @rule(model=MODELS)
    def a_model_shows_a_column_less(self, model: str) -> None:
        self._change(columns.hidden(self.project, model, consented=True), f"{model} has a column less, by consent")

    @rule(model=MODELS)
    def a_column_of_a_model_is_renamed(self, model: str) -> None:
        self._change(columns.renamed_exposed(self.project, model, "other"), f"a column of {model} is called other now")
