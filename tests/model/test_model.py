"""Random edits of a small project, each followed by `up`, held to a model of what the documents promise.

DATAKIT_MODEL_STEPS says how many updates are made, 200 where it is not set. They are the same ones each time, unless
DATAKIT_MODEL_SEED names others.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from datakit_iac.manifest.dataset import DataSetSpec
from tests.model.edits import columns, deliveries, wiring
from tests.model.project import Project
from tests.model.story import Story
from tests.model.update import Kill

STEPS: Final = int(os.environ.get("DATAKIT_MODEL_STEPS", "200"))
SEED: Final = os.environ.get("DATAKIT_MODEL_SEED", "")
LENGTH: Final = 20
"""Edits of one story, at most."""

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
PATHS: Final = (
    "warehouse.duckdb",
    "./data/../warehouse.duckdb",
    "ROOT/project/warehouse.duckdb",
    "../project/warehouse.duckdb",
)


class Model(RuleBasedStateMachine):
    """The rules are the edits."""

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

    # Files.

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
            f"{source} has a key that is no number",
            refreshed=refreshed,
        )

    # Columns.

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

    # Transforms.

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

    # Places.

    @rule(path=st.sampled_from(PATHS), kill=KILLS)
    def the_path_is_spelled_otherwise(self, path: str, kill: Kill | None) -> None:
        self._change(replace(self.project, path=path), f"the warehouse lies in {path}", kill=kill, idle=True)

    @rule(key=MADE, table=st.sampled_from(["{key}", "{key}2"]), schema=st.sampled_from(["raw", "main"]), kill=KILLS)
    def a_table_is_moved(self, key: str, table: str, schema: str, kill: Kill | None) -> None:
        place = f"{schema if key in ('people', 'sales') else 'main'}.{table.format(key=key)}"
        if self.project.datasets[key].table != place:
            self._change(self.project.edited("datasets", key, table=place), f"{key} lies in {place}", kill=kill)

    @rule(key=LOADED)
    def a_table_is_spelled_in_capitals(self, key: str) -> None:
        table = self.project.datasets[key].table
        spelled = table.upper() if table != table.upper() else table.lower()
        self._change(self.project.edited("datasets", key, table=spelled), f"{key} lies in {spelled}", idle=True)

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
        if old != new and "previous_names" in DataSetSpec.model_fields:
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

    # The engine.

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

    def _loads(self, source: str) -> list[str]:
        return [load.name for load in self.project.loads.values() if load.source == source]

    def _change(self, project: Project | None, said: str, **more: Any) -> None:
        if project is not None:
            self.story.change(project, said, **more)

    def _refuse(self, project: Project | None, said: str, **more: Any) -> None:
        if project is not None:
            self.story.refuse(project, said, **more)


@pytest.mark.slow
def test_after_every_change_the_rows_are_right(begun: Story) -> None:
    class Told(Model):
        pass

    Told.begun = begun
    chosen = settings(
        max_examples=max(1, STEPS // LENGTH),
        stateful_step_count=LENGTH,
        deadline=None,
        derandomize=not SEED,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    run_state_machine_as_test(Told, settings=chosen)
