"""Edits of places and names."""

from __future__ import annotations

from dataclasses import replace

import hypothesis.strategies as st
from hypothesis.stateful import rule

from tests.model.edits import wiring
from tests.model.rules.machine import KILLS, LOADED, MADE, SEEDS, Rules
from tests.model.update import Kill


class Places(Rules):
    """Edits of places and names."""

    @rule(spelling=SEEDS, kill=KILLS)
    def the_path_is_spelled_otherwise(self, spelling: int, kill: Kill | None) -> None:
        spellings = self.project.warehouse.spellings
        path = spellings[spelling % len(spellings)]
        self._change(replace(self.project, path=path), f"the warehouse is in {path}", kill=kill, idle=True)

    @rule(key=MADE, table=st.sampled_from(["{key}", "{key}2"]), schema=st.sampled_from(["raw", "main"]), kill=KILLS)
    def a_table_is_moved(self, key: str, table: str, schema: str, kill: Kill | None) -> None:
        place = f"{schema if key in ('people', 'sales') else 'main'}.{table.format(key=key)}"
        if self.project.datasets[key].table != place:
            self._change(self.project.edited("datasets", key, table=place), f"{key} is in {place}", kill=kill)

    @rule(key=LOADED)
    def a_table_is_spelled_in_capitals(self, key: str) -> None:
        table = self.project.datasets[key].table
        spelled = table.upper() if table != table.upper() else table.lower()
        self._change(self.project.edited("datasets", key, table=spelled), f"{key} is in {spelled}", idle=True)

    @rule(key=MADE, table=st.sampled_from(["", "bound.{key}"]))
    def a_dataset_is_bound_elsewhere(self, key: str, table: str) -> None:
        bound = table.format(key=key)
        if self.project.datasets[key].bound != bound:
            either = key not in ("people", "sales")
            self._change(
                self.project.edited("datasets", key, bound=bound), f"{key} is bound to {bound!r}", either=either
            )

    @rule(others=st.sampled_from([("people", "sales"), ("sales", "people")]))
    def tables_are_exchanged(self, others: tuple[str, str]) -> None:
        if not any(self.project.datasets[key].bound for key in others):
            self._refuse(wiring.exchanged(self.project, *others), "people and sales exchange their tables")

    @rule(key=MADE, name=st.sampled_from(["new", "other"]), kill=KILLS)
    def a_dataset_is_renamed(self, key: str, name: str, kill: Kill | None) -> None:
        old, new = self.project.datasets[key].name, f"{name}-{key}"
        if old != new:
            self._change(
                self.project.edited("datasets", key, name=new, previous=(old,)), f"{old} is called {new}", kill=kill
            )

    @rule(key=LOADED)
    def a_dataset_is_renamed_without_a_word(self, key: str) -> None:
        project = self.project.edited("datasets", key, name=f"strange-{key}", previous=())
        self._refuse(project, f"{key} is another DataSet in the same table")

    @rule(schema=st.sampled_from(["", "elsewhere"]))
    def dbt_builds_in_another_schema(self, schema: str) -> None:
        if schema != self.project.schema:
            self._change(replace(self.project, schema=schema), f"dbt's schema is {schema!r}", either=True)

    @rule(deletion=st.sampled_from(["retain", "delete"]))
    def what_goes_is_deleted_or_stays(self, deletion: str) -> None:
        self._change(replace(self.project, deletion=deletion), f"deletion: {deletion}", idle=True)
