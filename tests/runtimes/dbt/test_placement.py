"""Each output is built where it is bound, each input read there, or nothing is built at all: with the real dbt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.contract.job import Job
from datakit_iac.manifest.models.column import Column
from datakit_iac.runtimes.job import JobFailedError, Relation
from tests.runtimes.dbt.conftest import Runner, Shop

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("warehouse"), pytest.mark.timeout(120)]


def rows(database: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(database) as connection:
        return connection.execute(query).fetchall()


def tables(database: Path) -> set[str]:
    found = rows(database, "select table_schema || '.' || table_name from information_schema.tables")
    return {str(name) for (name,) in found} - {"raw.orders"}


def refused(run: Runner, job: Job) -> str:
    before = tables(run_database(job))
    with pytest.raises(JobFailedError) as caught:
        run(job)
    assert tables(run_database(job)) == before, "something was built"
    assert "Traceback" not in str(caught.value)
    return str(caught.value)


def run_database(job: Job) -> Path:
    return Path(str(job.outputs[0].connection.options["path"]))


def dbts_own_names(shop: Shop) -> None:
    """No macro of the project's own, and a schema in its configuration: dbt builds `main_staging.x`."""
    (shop.root / "macros/schema.sql").unlink()
    shop.replace("dbt_project.yml", "marts: {+schema: marts}", "staging: {+schema: staging}")


def in_schema(shop: Shop, schema: str) -> list[BoundDataSet]:
    return [shop.dataset(name, f"{schema}.{name.replace('-', '_')}") for name in ("stg-orders", "stg-customers")]


def test_an_output_is_built_where_it_is_bound_whatever_dbt_would_name_it(shop: Shop, run: Runner) -> None:
    dbts_own_names(shop)
    outcome = run(shop.job("staging", outputs=in_schema(shop, "staging")))
    assert rows(shop.database, "from staging.stg_customers order by 1") == [("ann",), ("ben",)]
    assert tables(shop.database) == {"staging.stg_orders", "staging.stg_customers"}
    assert set(outcome.relations) == {
        Relation("stg_orders", "staging.stg_orders", "table", "stg-orders"),
        Relation("stg_customers", "staging.stg_customers", "table", "stg-customers"),
    }


def test_an_empty_table_of_ours_is_filled(shop: Shop, run: Runner) -> None:
    dbts_own_names(shop)
    rows(shop.database, "create schema staging; create table staging.stg_orders (id integer, customer varchar)")
    run(shop.job("staging", outputs=in_schema(shop, "staging")))
    assert rows(shop.database, "select count(*) from staging.stg_orders") == [(3,)]


CONFIGURED = "- name: stg_orders\n    config: {{alias: {}}}"
NAMINGS: list[tuple[str, Callable[[Shop], None]]] = [
    ("dbt's own", dbts_own_names),
    (
        "a schema in the model",
        lambda s: s.write(
            "models/staging/stg_customers.sql",
            "{{ config(schema='x') }} select distinct customer from {{ ref('stg_orders') }}",
        ),
    ),
    (
        "an alias",
        lambda s: s.replace("models/staging/staging.yml", "- name: stg_orders", CONFIGURED.format("orders_")),
    ),
    (
        "an alias in capitals",
        lambda s: s.replace("models/staging/staging.yml", "- name: stg_orders", CONFIGURED.format("STG_ORDERS")),
    ),
    (
        "a macro for aliases",
        lambda s: s.write(
            "macros/a.sql", "{% macro generate_alias_name(a=none, node=none) %}x_{{ node.name }}{% endmacro %}"
        ),
    ),
    (
        "a macro for schemas",
        lambda s: s.write("macros/schema.sql", "{% macro generate_schema_name(name, node) %}always{% endmacro %}"),
    ),
    ("a database", lambda s: s.replace("dbt_project.yml", "marts:", "+database: other\n    marts:")),
]


@pytest.mark.parametrize(("naming", "edit"), NAMINGS, ids=[naming for naming, _ in NAMINGS])
def test_every_way_of_naming_ends_in_the_bound_place(
    shop: Shop, run: Runner, naming: str, edit: Callable[[Shop], None]
) -> None:
    edit(shop)
    run(shop.job("staging", outputs=in_schema(shop, "reporting")))
    assert tables(shop.database) == {"reporting.stg_orders", "reporting.stg_customers"}
    assert rows(shop.database, "from reporting.stg_customers order by 1") == [("ann",), ("ben",)]


def test_a_binding_may_give_another_name_where_the_dataset_has_its_models(shop: Shop, run: Runner) -> None:
    run(shop.job("stg_orders", outputs=[shop.dataset("stg-orders", "reporting.orders_2013")]))
    assert tables(shop.database) == {"reporting.orders_2013"}


@pytest.mark.parametrize("moved", ["reporting.stg_orders", "reporting.orders_2013"])
def test_another_transform_of_the_project_reads_what_was_moved(shop: Shop, run: Runner, moved: str) -> None:
    # An older table stands where dbt alone would look.
    rows(shop.database, "create table main.stg_orders as select 9 as id, 'old' as customer, 99 as amount")
    orders, customers = shop.dataset("stg-orders", moved), shop.dataset("stg-customers", "reporting.stg_customers")
    run(shop.job("staging", outputs=[orders, customers]))
    marts = shop.job("marts", transform="marts", outputs=[shop.dataset("revenue", "gold.revenue")])
    run(replace(marts, inputs=(orders, customers)))
    assert rows(shop.database, "from gold.revenue order by 1") == [("ann", 6), ("ben", 7)]


def test_it_reads_an_input_in_another_file_by_ref(shop: Shop, run: Runner, tmp_path: Path) -> None:
    with duckdb.connect(tmp_path / "lake.duckdb") as other:
        other.execute("create schema staged")
        other.execute("create table staged.stg_orders as select 'eve' as customer, 1 as amount")
        other.execute("create table staged.stg_customers as select 'eve' as customer")
    elsewhere = [
        shop.dataset(name, f"staged.{name.replace('-', '_')}", "lake", path=str(tmp_path / "lake.duckdb"))
        for name in ("stg-orders", "stg-customers")
    ]
    run(replace(shop.job("marts"), inputs=tuple(elsewhere)))
    assert rows(shop.database, "from marts.revenue") == [("eve", 1)]


def test_a_version_of_a_model_is_an_output(shop: Shop, run: Runner) -> None:
    shop.write("models/staging/v.yml", "models: [{name: stg_new, latest_version: 2, versions: [{v: 1}, {v: 2}]}]")
    shop.write("models/staging/stg_new_v1.sql", "select 1 as one")
    shop.write("models/staging/stg_new_v2.sql", "select 2 as one")
    shop.write("models/later/later.sql", "select one from {{ ref('stg_new', v=1) }}")
    first, second = shop.dataset("stg-new-v1", "x.stg_new_v1"), shop.dataset("stg-new-v2", "y.stg_new_v2")
    run(shop.job("stg_new", outputs=[first, second]))
    later = shop.job("later", outputs=[shop.dataset("later", "z.later")])
    run(replace(later, inputs=(first,)))
    assert tables(shop.database) == {"x.stg_new_v1", "y.stg_new_v2", "z.later"}
    assert rows(shop.database, "from z.later") == [(1,)]


def test_seeds_and_snapshots_are_outputs(shop: Shop, run: Runner) -> None:
    shop.write("seeds/rates.csv", "id,rate\n1,2\n")
    shop.write(
        "snapshots/orders_then.sql",
        "{% snapshot orders_then %}{{ config(target_schema='snaps', unique_key='id', strategy='check',"
        " check_cols='all') }} select * from {{ source('warehouse', 'raw_orders') }}{% endsnapshot %}",
    )
    outputs = [shop.dataset("rates", "x.rates"), shop.dataset("orders-then", "y.orders_then")]
    outcome = run(shop.job("rates", "orders_then", outputs=outputs))
    assert outcome.counts == {"seeds": 1, "snapshots": 1}
    assert tables(shop.database) == {"x.rates", "y.orders_then"}
    assert {(each.place, each.kind) for each in outcome.relations} == {
        ("x.rates", "seed"),
        ("y.orders_then", "snapshot"),
    }


def test_an_incremental_model_begins_with_every_row_in_an_empty_table_of_ours(shop: Shop, run: Runner) -> None:
    shop.write(
        "models/staging/stg_orders.sql",
        "{{ config(materialized='incremental', full_refresh=false) }} select id, customer, amount"
        " from {{ source('warehouse', 'raw_orders') }}"
        " {% if is_incremental() %} where id > (select max(id) from {{ this }}) {% endif %}",
    )
    rows(shop.database, "create table main.stg_orders (id integer, customer varchar, amount integer)")
    run(shop.job("staging"))
    assert rows(shop.database, "select count(*) from stg_orders") == [(3,)]
    rows(shop.database, "update stg_orders set amount = 0; insert into raw.orders values (4, 'ben', 2)")
    run(shop.job("staging"))
    assert rows(shop.database, "select id, amount from stg_orders order by 1") == [(1, 0), (2, 0), (3, 0), (4, 2)]


def test_a_seed_fills_columns_by_name_with_the_types_of_the_contract(shop: Shop, run: Runner) -> None:
    shop.write("seeds/rates.csv", "code,id\n007,1\n008,2\n")
    columns = (Column(name="id", type="bigint"), Column(name="code", type="string"))
    rows(shop.database, "create table rates (id bigint, code varchar)")
    job = shop.job("rates", outputs=[replace(shop.dataset("rates"), columns=columns)])
    for _ in range(2):
        run(job)
        assert rows(shop.database, "select id, code from rates order by 1") == [(1, "007"), (2, "008")]
    assert [row[:2] for row in rows(shop.database, "describe rates")] == [("code", "VARCHAR"), ("id", "BIGINT")]


def test_a_snapshot_goes_on_in_a_table_of_ours(shop: Shop, run: Runner) -> None:
    shop.write(
        "snapshots/then.sql",
        "{% snapshot then_ %}{{ config(unique_key='id', strategy='check', check_cols='all') }}"
        " select * from {{ source('warehouse', 'raw_orders') }}{% endsnapshot %}",
    )
    own = "dbt_scd_id varchar, dbt_updated_at timestamp, dbt_valid_from timestamp, dbt_valid_to timestamp"
    rows(shop.database, f"create table then_ (id integer, customer varchar, amount integer, {own})")
    job = shop.job("then_", outputs=[shop.dataset("then-", "main.then_")])
    run(job)
    rows(shop.database, "update raw.orders set amount = 100 where id = 1")
    run(job)
    current = "select id, amount from then_ where dbt_valid_to is null order by 1"
    assert rows(shop.database, current) == [(1, 100), (2, 7), (3, 1)]
    assert rows(shop.database, "select count(*) from then_") == [(4,)]


def test_a_table_whose_name_differs_in_case_is_the_same(shop: Shop, run: Runner) -> None:
    rows(shop.database, "create table STG_Orders (id integer)")
    run(shop.job("staging"))
    assert rows(shop.database, "select count(*) from stg_orders") == [(3,)]


def test_a_model_of_a_package_is_an_output_and_an_input(shop: Shop, run: Runner) -> None:
    shop.write("packages.yml", "packages: [{local: dbt_packages/pkg}]")
    shop.write("dbt_packages/pkg/dbt_project.yml", "{name: pkg, version: '1.0', models: {pkg: {+schema: theirs}}}")
    shop.write("dbt_packages/pkg/models/days.sql", "{{ config(materialized='table') }} select 1 as day")
    shop.write("models/use/use.sql", "select day from {{ ref('pkg', 'days') }}")
    days, use = shop.dataset("days", "x.days"), shop.dataset("use", "y.use")
    run(shop.job("package:pkg", outputs=[days]))
    assert "reads ref('days')" in refused(run, shop.job("use", outputs=[use]))
    run(replace(shop.job("use", outputs=[use]), inputs=(days,)))
    assert tables(shop.database) == {"x.days", "y.use"}


def test_python_reads_and_is_built_where_it_is_bound(shop: Shop, run: Runner) -> None:
    shop.write(
        "models/python/later.py",
        """
        def model(dbt, session):
            dbt.config(materialized="table")
            return dbt.ref("stg_orders").filter("id > 1")
        """,
    )
    moved = in_schema(shop, "moved")
    run(shop.job("staging", outputs=moved))
    run(replace(shop.job("later", outputs=[shop.dataset("later", "x.later")]), inputs=(moved[0],)))
    assert rows(shop.database, "select count(*) from x.later") == [(2,)]


def test_hooks_are_no_models(shop: Shop, run: Runner) -> None:
    shop.write("dbt_project.yml", (shop.root / "dbt_project.yml").read_text() + "on-run-end: select 1\n")
    assert run(shop.job("staging")).counts == {"models": 2, "tests": 3}


def test_a_seed_without_a_column_of_the_contract_is_refused(shop: Shop, run: Runner) -> None:
    shop.write("seeds/rates.csv", "id,rate\n1,2\n")
    columns = (Column(name="id", type="integer"), Column(name="currency", type="string"))
    said = refused(run, shop.job("rates", outputs=[replace(shop.dataset("rates"), columns=columns)]))
    assert f"seed rates ({shop.root}/seeds/rates.csv) has no column currency" in said


def test_a_model_that_is_no_output_is_told_in_one_line(shop: Shop, run: Runner) -> None:
    job = shop.job("staging", outputs=[shop.dataset("stg-orders")])
    outcome = run(replace(job, inputs=job.inputs[:1], context=()))
    assert outcome.notes == (
        "1 model is built and no output: stg_customers (main.stg_customers); "
        "add DataSets for what is read elsewhere, or leave it out of `select`",
    )
    assert Relation("stg_customers", "main.stg_customers", "table", None) in outcome.relations


def ephemeral(shop: Shop) -> Job:
    shop.write(
        "models/staging/stg_orders.sql", "{{ config(materialized='ephemeral') }} select 1 as id, 'x' as customer"
    )
    return shop.job("staging")


def disabled(shop: Shop) -> Job:
    shop.write("models/staging/stg_new.sql", "{{ config(enabled=false) }} select 1 as id")
    return shop.job("staging", outputs=[*shop.job().outputs, shop.dataset("stg-new")])


def two_of_one_name(shop: Shop) -> Job:
    shop.write("models/staging/a.sql", "{{ config(alias='same', schema='a') }} select 1 as id")
    shop.write("models/staging/b.sql", "{{ config(alias='same', schema='b') }} select 2 as id")
    return shop.job("staging", outputs=[shop.dataset("it", "moved.same")])


def over_another(shop: Shop) -> Job:
    shop.write("models/staging/stg_extra.sql", "{{ config(schema='reporting', alias='stg_orders') }} select 1 as id")
    return shop.job(
        "staging", outputs=[shop.dataset("stg-customers"), shop.dataset("stg-orders", "reporting.stg_orders_2")]
    )


def over_an_input(shop: Shop) -> Job:
    shop.write("models/staging/orders.sql", "{{ config(schema='raw') }} select 1 as id")
    return shop.job("orders", "stg_orders", outputs=[shop.dataset("stg-orders")])


def onto_anothers_name(shop: Shop) -> Job:
    return shop.job("staging", outputs=[shop.dataset("stg-orders", "moved.stg_customers")])


def crossed(shop: Shop) -> Job:
    exchanged = [shop.dataset("stg-orders", "main.stg_customers"), shop.dataset("stg-customers", "main.stg_orders")]
    return shop.job("staging", outputs=exchanged)


REFUSALS: list[tuple[Callable[[Shop], Job], str]] = [
    (
        lambda s: s.job("staging", outputs=[s.dataset("takings", "staging.takings")]),
        "no selected model makes DataSet takings (staging.takings): give its model the name or the alias takings; "
        "selected are stg_customers (dbt builds main.stg_customers), stg_orders (dbt builds main.stg_orders)",
    ),
    (
        lambda s: s.job("staging", outputs=[s.dataset("revenue", "marts.revenue")]),
        "models/marts/revenue.sql) has that name, but is not selected; add it to `select`",
    ),
    (disabled, "models/staging/stg_new.sql) has that name, but is disabled; enable it"),
    (ephemeral, "which is ephemeral, so dbt builds nothing; materialize it as a table or a view"),
    (two_of_one_name, "DataSet it (moved.same) may be model a ("),
    (over_an_input, "would be built over DataSet raw-orders (raw.orders), which is not an output"),
    (onto_anothers_name, "DataSet stg-orders (moved.stg_customers) may be model stg_customers ("),
    (crossed, "bind each to a table with the name of its model"),
    (
        lambda s: s.job("stg_orders", outputs=[s.dataset("stg-orders", "a.x"), s.dataset("second", "b.stg_orders")]),
        "would both be model stg_orders",
    ),
]


@pytest.mark.parametrize(("made", "says"), REFUSALS)
def test_what_cannot_be_built_in_its_place_is_refused_before_anything_is(
    shop: Shop, run: Runner, made: Callable[[Shop], Job], says: str
) -> None:
    assert says in refused(run, made(shop))


def test_a_model_built_elsewhere_must_be_an_input(shop: Shop, run: Runner) -> None:
    run(shop.job("staging"))
    raw = shop.dataset("raw-orders", "raw.orders")
    said = refused(
        run, replace(shop.job("+revenue", exclude=["staging"], outputs=shop.job("marts").outputs), inputs=(raw,))
    )
    assert (
        f"model revenue ({shop.root}/models/marts/revenue.sql) reads ref('stg_orders'), which is built elsewhere and "
        "is not an input; add DataSet stg-orders to `inputs`, or select the model too"
    ) in said


def test_a_dataset_with_the_name_of_anothers_model_is_told_apart_by_its_table(shop: Shop, run: Runner) -> None:
    # `orders` is made by stg_orders, and `orders-mart` by orders: by their tables, also where both are moved.
    shop.write("models/both/stg_x.sql", "select 1 as x")
    shop.write("models/both/x.sql", "select 2 as x")
    run(shop.job("both", outputs=[shop.dataset("x", "moved.stg_x"), shop.dataset("x-mart", "moved.x")]))
    assert rows(shop.database, "from moved.stg_x") == [(1,)]
    assert rows(shop.database, "from moved.x") == [(2,)]


def test_an_input_on_the_name_of_another_model_is_not_taken_for_that(shop: Shop, run: Runner) -> None:
    moved = shop.dataset("stg-customers", "moved.stg_orders")
    said = refused(run, replace(shop.job("marts"), inputs=(moved,)))
    assert (
        "reads ref('stg_orders'), which may be DataSet stg-customers (moved.stg_orders), but that has the name of"
        in said
    )


def test_a_raw_table_of_the_models_name_is_not_taken_for_it(shop: Shop, run: Runner) -> None:
    # raw.stg_orders is read as a source; marts' ref('stg_orders') is the model.
    shop.write(
        "models/staging/stg_orders.sql",
        "select 1 as id, 'x' as customer, 1 as amount from {{ source('warehouse', 'stg_orders') }}",
    )
    raw = shop.dataset("stg-orders", "raw.stg_orders")
    said = refused(run, replace(shop.job("marts"), inputs=(raw, shop.dataset("stg-customers"))))
    assert "reads ref('stg_orders')" in said


def test_an_ephemeral_model_between_hides_nothing(shop: Shop, run: Runner) -> None:
    run(shop.job("staging"))
    shop.write(
        "models/base/between.sql", "{{ config(materialized='ephemeral') }} select * from {{ ref('stg_orders') }}"
    )
    shop.write(
        "models/marts/revenue.sql", "select customer, sum(amount) as revenue from {{ ref('between') }} group by 1"
    )
    assert "reads ref('stg_orders')" in refused(
        run, replace(shop.job("marts"), inputs=(shop.dataset("stg-customers"),))
    )
    assert run(shop.job("marts")).counts["models"] == 1


def test_a_ref_in_a_comment_reads_nothing(shop: Shop, run: Runner) -> None:
    shop.write(
        "models/lone/lone.sql", "-- select * from {{ ref('stg_orders') }}\nselect 1 as one {# ref('stg_customers') #}"
    )
    assert run(shop.job("lone", outputs=[shop.dataset("lone")])).counts == {"models": 1}
