"""What a selected model refers to is selected too, is part of it, or is an input: said before anything runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from datakit_iac.runtimes.dbt.runtime import Dbt
from tests.runtimes.dbt.conftest import Shop

Edit = Callable[[Shop], object]


def faults(shop: Shop, *select: str) -> list[str]:
    job = shop.job(*select)
    return list(map(str, Dbt().check(replace(job, inputs=(shop.dataset("raw-orders", "raw.orders"),)))))


def test_a_ref_to_what_another_transform_makes_is_an_error_with_the_fix(shop: Shop) -> None:
    assert faults(shop, "marts") == [
        f"{shop.root}/models/marts/revenue.sql reads ref('stg_orders'), which is built elsewhere and is not an input; "
        "add DataSet stg-orders to `inputs`, or select the model too"
    ]


def test_the_dataset_that_is_meant_is_named(shop: Shop) -> None:
    job = replace(shop.job("marts"), inputs=(), context=(shop.dataset("orders-clean", "main.stg_orders").reference,))
    assert "add DataSet orders-clean to `inputs`" in str(Dbt().check(job)[0])


def test_a_singular_test_is_one_of_them(shop: Shop) -> None:
    assert "tests/revenue_is_positive.sql reads ref('revenue')" in faults(shop, "revenue_is_positive")[-1]


@pytest.mark.parametrize(
    ("dataset", "table"),
    [("stg-orders", "main.stg_orders"), ("stg-orders", "reporting.o"), ("other", "reporting.STG_ORDERS")],
)
def test_an_input_is_known_by_its_name_or_its_tables(shop: Shop, dataset: str, table: str) -> None:
    assert Dbt().check(replace(shop.job("marts"), inputs=(shop.dataset(dataset, table),))) == []


def test_an_input_is_known_by_the_models_alias(shop: Shop) -> None:
    shop.replace("models/staging/staging.yml", "- name: stg_orders", "- name: stg_orders\n    config: {alias: orders_}")
    assert Dbt().check(replace(shop.job("marts"), inputs=(shop.dataset("other", "x.orders_"),))) == []


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("select 1 as one -- from {{ ref('stg_orders') }}", id="a comment of SQL"),
        pytest.param("select 1 as one /* {{ ref('stg_orders') }}\n */", id="a block of comment"),
        pytest.param("select 1 as one {# {{ ref('stg_orders') }} #}", id="a comment of jinja"),
        pytest.param("select * from {{ ref('elsewhere', 'stg_orders') }}", id="another package"),
        pytest.param("select * from {{ ref('unknown') }}", id="what dbt knows"),
        pytest.param("select * from {{ ref('stg_orders', v=2) }}", id="a version"),
        pytest.param("select * from {{ ref('small') }}", id="an ephemeral model"),
        pytest.param("select * from {{ ref('revenue') }}", id="a selected model"),
        pytest.param("select 'ref(''stg_orders'')' as one", id="no ref"),
    ],
)
def test_what_is_no_certain_reference_is_left_to_dbt(shop: Shop, text: str) -> None:
    shop.write("models/base/small.sql", "{{ config(materialized='ephemeral') }} select 1 as one")
    shop.write("models/marts/revenue.sql", "select 1 as one")
    shop.write("models/marts/other.sql", text)
    assert faults(shop, "marts") == []


@pytest.mark.parametrize(
    "text",
    [
        "-- depends_on: {{ ref('stg_orders') }}\nselect 1 as one",
        "select '-- ' as one from {{ ref('stg_orders') }}",
        'select "--" from {{ ref("shop", "stg_orders") }}',
    ],
)
def test_what_only_looks_like_a_comment_is_a_reference(shop: Shop, text: str) -> None:
    shop.write("models/marts/revenue.sql", text)
    assert "ref('stg_orders')" in faults(shop, "marts")[0]


@pytest.mark.parametrize("selector", ["+revenue", "tag:x", "revenue+"])
def test_a_selection_that_needs_the_graph_is_left_to_dbt(shop: Shop, selector: str) -> None:
    assert faults(shop, selector) == []


def test_names_that_only_dbt_knows_are_left_to_dbt(shop: Shop) -> None:
    shop.write("macros/a.sql", "{% macro generate_alias_name(a=none, node=none) %}x{% endmacro %}")
    assert faults(shop, "marts") == []


def test_an_output_that_no_model_makes_is_an_error(shop: Shop) -> None:
    job = shop.job("staging", outputs=[*shop.job("staging").outputs, shop.dataset("takings", "x.takings")])
    assert list(map(str, Dbt().check(job))) == [
        "no selected model makes DataSet takings (x.takings): give its model the name or the alias takings; "
        "selected are stg_customers, stg_orders"
    ]


@pytest.mark.parametrize(
    "edit",
    [
        lambda s: s.replace("dbt_project.yml", "marts:", "+alias: takings\n    marts:"),
        lambda s: s.write("models/staging/stg_orders.sql", "{{ config(alias=var('x')) }} select 1 as id"),
        lambda s: s.write("macros/a.sql", "{% macro generate_alias_name(a=none, node=none) %}takings{% endmacro %}"),
    ],
)
def test_an_output_that_an_alias_may_make_is_left_to_dbt(shop: Shop, edit: Edit) -> None:
    edit(shop)
    assert Dbt().check(shop.job("staging", outputs=[shop.dataset("takings", "x.takings")])) == []
