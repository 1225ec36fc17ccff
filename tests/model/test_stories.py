"""Stories that the model told against earlier versions, each as short as it could be made."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest

from tests.model.edits import columns, deliveries, wiring
from tests.model.project import Project
from tests.model.story import Story
from tests.model.update import Kill


def some(project: Project | None) -> Project:
    assert project is not None
    return project


def test_a_table_stays_whatever_the_spelling_of_its_path(story: Story) -> None:
    story.change(replace(story.project, deletion="delete"), "deletion: delete", idle=True)
    story.change(replace(story.project, path="ROOT/project/warehouse.duckdb"), "an absolute path", idle=True)


@pytest.mark.parametrize("tainted", [True, False])
def test_a_table_stays_when_its_resource_is_replaced(story: Story, tainted: bool) -> None:
    story.change(replace(story.project, deletion="delete"), "deletion: delete", idle=True)
    if tainted:
        story.taint("DataSet people")
    story.change(story.project, "replaced", replaced="" if tainted else "DataSet people")


def test_two_datasets_do_not_exchange_their_tables(story: Story) -> None:
    story.refuse(wiring.exchanged(story.project, "people", "sales"), "an exchange")


def test_a_dataset_does_not_take_the_table_of_another(story: Story) -> None:
    story.refuse(story.project.edited("datasets", "people", name="strange"), "another name")


def test_a_dataset_that_is_renamed_keeps_its_rows(story: Story) -> None:
    story.change(story.project.edited("datasets", "people", name="folk", previous=("people",)), "another name")


def test_rows_of_a_transform_that_is_renamed_are_stale(story: Story) -> None:
    less = some(deliveries.without_row(story.project, "people", 0))
    story.change(less.edited("loads", "people", name="fetch"), "another name, and a row less", runs=["fetch"])


@pytest.mark.parametrize("maker", ["table", "view"])
def test_rows_that_dbt_made_are_stale_once_a_load_makes_them(story: Story, maker: str) -> None:
    story.change(some(wiring.made_by(story.project, maker)), maker)
    story.change(some(wiring.made_by(story.project, "load")), "load")


@pytest.mark.parametrize("maker", ["table", "view"])
def test_dbt_makes_what_a_load_made(story: Story, maker: str) -> None:
    story.change(some(wiring.made_by(story.project, "load")), "load")
    story.change(some(wiring.made_by(story.project, maker)), maker)


def test_rows_of_a_second_writer_are_stale_once_it_is_gone(story: Story) -> None:
    story.change(some(wiring.with_second_writer(story.project)), "comes")
    story.change(some(wiring.with_second_writer(story.project)), "goes")


@pytest.mark.parametrize("source", ["people", "more"])
def test_what_either_of_two_writers_changes_is_passed_on(story: Story, source: str) -> None:
    story.change(some(wiring.made_by(story.project, "table")), "extra is a table that reads people")
    story.change(some(wiring.with_second_writer(story.project)), "comes")
    story.change(deliveries.with_row(story.project, source, "two.csv", 1), "a row more")


def test_nothing_is_appended_twice_by_a_run_that_fails_its_tests(story: Story) -> None:
    story.change(some(wiring.in_mode(story.project, "people", "append")), "append")
    project = deliveries.with_row(story.project, "people", "one.csv", 1)
    story.refuse(columns.with_failing_test(project, "people"), "a test fails", repaired=project)


@pytest.mark.parametrize("when", ["during", "after"])
def test_nothing_is_appended_twice_by_a_run_that_is_killed(story: Story, when: Literal["during", "after"]) -> None:
    story.change(some(wiring.in_mode(story.project, "people", "append")), "append")
    more = deliveries.with_row(story.project, "people", "two.csv", 1)
    story.change(more, "a row more", kill=Kill(0, when))
    story.change(deliveries.with_row(story.project, "people", "two.csv", 2), "another row more")


def test_what_is_taken_back_appends_nothing(story: Story) -> None:
    story.change(some(wiring.in_mode(story.project, "people", "append")), "append")
    story.refuse(some(deliveries.with_bad_value(story.project, "people")), "a bad value")


def test_a_failed_run_stays_failed_after_a_refresh(story: Story) -> None:
    story.refuse(some(deliveries.with_bad_value(story.project, "people")), "a bad value", refreshed=True)


def test_readers_run_after_a_column_is_widened(story: Story) -> None:
    story.change(some(columns.with_column(story.project, "sales", "zip", "integer", 0)), "zip")
    story.change(some(columns.exposed(story.project, "big", "zip", "more")), "big has the type of zip")
    story.change(some(columns.widened(story.project, "sales")), "zip is wider")


def test_readers_run_after_a_column_is_renamed(story: Story) -> None:
    forgotten = some(columns.renamed_column(story.project, "people", "name", "nick", forgotten=True))
    repaired = some(columns.renamed_column(story.project, "people", "name", "nick"))
    story.refuse(forgotten, "renamed, and read by its old name", repaired=repaired)


def test_a_key_that_goes_away_upstream_is_tested_again(story: Story) -> None:
    story.change(replace(story.project, related=True), "related")
    story.change(some(deliveries.without_parents(story.project)), "nobody is left")


def test_a_model_that_is_read_is_declared(story: Story) -> None:
    story.refuse(replace(story.project, undeclared=True), "undeclared")


@pytest.mark.parametrize("key", ["big", "named", "totals"])
def test_dbt_fills_the_table_that_the_contract_names(story: Story, key: str) -> None:
    story.change(story.project.edited("datasets", key, bound=f"bound.{key}"), "bound", either=True)
    story.change(replace(story.project, schema="elsewhere"), "schema", either=True)


def test_a_view_changes_its_columns(story: Story) -> None:
    story.change(some(columns.exposed(story.project, "named", "age", "more")), "more")
    story.change(some(columns.renamed_exposed(story.project, "named", "other")), "other")
    story.change(some(columns.hidden(story.project, "named", consented=True)), "less")


def test_names_of_columns_are_shifted(story: Story) -> None:
    story.change(some(columns.with_column(story.project, "people", "city", "string", 9)), "city")
    story.change(some(columns.with_column(story.project, "people", "zip", "string", 9)), "zip")
    story.change(some(columns.shifted(story.project, "people", "city", "zip", "area")), "shifted")


def test_a_column_is_required_once_each_row_has_a_value(story: Story) -> None:
    story.change(some(columns.required(story.project, "people", "name", needed=True)), "required")
    story.change(some(columns.required(story.project, "people", "age", needed=True)), "one is empty")


def test_a_column_of_an_empty_table_goes(story: Story) -> None:
    for _ in range(3):
        story.change(some(deliveries.without_row(story.project, "people", 0)), "a row less")
    story.change(some(columns.without_column(story.project, "people", "age", consented=False)), "age goes")


@pytest.mark.parametrize("maker", ["table", "view", "load"])
def test_an_output_that_was_retained_comes_back(story: Story, maker: str) -> None:
    story.change(some(wiring.made_by(story.project, maker)), maker)
    story.change(some(wiring.made_by(story.project, "")), "gone")
    story.change(some(wiring.made_by(story.project, maker)), maker)


def test_nothing_runs_that_would_change_nothing(story: Story) -> None:
    story.change(deliveries.with_hidden_file(story.project, "people"), "a hidden file", idle=True)
    story.change(columns.described(story.project, "people", "One."), "a description", idle=True)
    story.change(columns.reordered(story.project, "sales", 1), "the order of columns", idle=True)
    story.change(replace(story.project, macro="1"), "an unused macro", idle=True)
    story.change(story.project.edited("datasets", "people", table="RAW.People"), "in capitals", idle=True)
