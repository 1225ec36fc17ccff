"""What changes the definition of a job, and what does not."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.job import Job
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.runtimes.dbt.runtime import Dbt
from datakit_iac.runtimes.definition import definition, variable_digests
from tests.runtimes.dbt.conftest import Shop

Edit = Callable[[Shop], None]


def staging(shop: Shop) -> Job:
    return shop.job("staging")


def _linked_package(shop: Shop) -> None:
    elsewhere = shop.root.parent / "elsewhere"
    (elsewhere / "macros").mkdir(parents=True)
    (elsewhere / "macros/m.sql").write_text("{% macro generate_alias_name(a, b) %}x{% endmacro %}")
    (shop.root / "dbt_packages").mkdir()
    (shop.root / "dbt_packages/elsewhere").symlink_to(elsewhere)


def _python_with_module(shop: Shop, answer: str) -> None:
    shop.write("models/staging/stg_python.py", "from answers import answer\ndef model(dbt, session): return answer()")
    shop.write("answers.py", f"def answer(): return {answer}")


def _reading_data(shop: Shop, value: str) -> None:
    shop.write("models/staging/stg_rates.sql", "select * from read_csv('data/rates.csv')")
    shop.write("data/rates.csv", f"a\n{value}\n")


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda s: s.replace("models/staging/stg_orders.sql", "id,", "id + 1 as id,"), id="a model"),
        pytest.param(lambda s: s.write("models/staging/stg_new.sql", "select 1 as one"), id="a new model"),
        pytest.param(lambda s: (s.root / "models/staging/stg_customers.sql").unlink(), id="a model gone"),
        pytest.param(lambda s: s.replace("macros/schema.sql", "name or", "name | lower or"), id="a macro"),
        pytest.param(lambda s: s.replace("dbt_project.yml", "table", "view"), id="the configuration"),
        pytest.param(lambda s: s.replace("models/staging/staging.yml", "[unique, not_null]", "[unique]"), id="a test"),
        pytest.param(lambda s: s.replace("models/staging/staging.yml", "[ann, ben]", "[ann]"), id="a test's values"),
        pytest.param(lambda s: s.write("tests/t.sql", "select 1 from {{ ref('stg_orders') }}"), id="a singular test"),
        pytest.param(
            lambda s: s.write("models/u.yml", "unit_tests: [{name: u, model: stg_orders, given: []}]"), id="a unit test"
        ),
        pytest.param(lambda s: s.write("packages.yml", "packages: [{local: ../x}]"), id="packages"),
        pytest.param(lambda s: s.write("models/staging/WORD.SQL", "select 1 as one"), id="a model in upper case"),
        *(
            pytest.param(
                lambda s, folder=folder: s.write(
                    f"{folder}/p.yml", "models: [{name: stg_orders, config: {post_hook: delete from raw.orders}}]"
                ),
                id=f"properties in {folder}",
            )
            for folder in ("macros", "analyses", "functions", "seeds", "snapshots", "tests", "dbt_packages/other")
        ),
        pytest.param(_linked_package, id="a package that is a link"),
        pytest.param(lambda s: _python_with_module(s, "2"), id="a module of a Python model"),
        pytest.param(lambda s: _reading_data(s, "b"), id="a file that a query reads"),
        pytest.param(
            lambda s: s.replace(
                "models/staging/staging.yml", "- name: id\n", "- name: id\n        data_type: integer\n"
            ),
            id="a column's type",
        ),
        pytest.param(lambda s: s.write("models/staging/OTHER.SQL", "select 1 as one"), id="a model in capitals"),
        pytest.param(
            lambda s: s.write("macros/t.sql", "{% test unique(model) %}select 1{% endtest %}"), id="dbt's test"
        ),
        pytest.param(
            lambda s: s.write("macros/m.sql", "{% materialization table, default %}{% endmaterialization %}"),
            id="a materialization",
        ),
        pytest.param(
            lambda s: s.write("macros/d.sql", "{% macro duckdb__create_schema(r) %}x{% endmacro %}"), id="an adapter's"
        ),
        pytest.param(
            lambda s: s.write("macros/i.sql", "{% macro get_incremental_mine_sql(a) %}x{% endmacro %}"), id="a strategy"
        ),
        pytest.param(lambda s: s.write("macros/i.sql", "{% macro unfinished() %}"), id="a file that is not a macro"),
    ],
)
def test_what_decides_the_result_changes_it(shop: Shop, edit: Edit) -> None:
    before = Dbt().definition(staging(shop))
    edit(shop)
    assert Dbt().definition(staging(shop)) != before


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda s: s.replace("models/marts/revenue.sql", "sum", "max"), id="a model downstream"),
        pytest.param(
            lambda s: s.replace("models/marts/marts.yml", "revenue\n", "revenue\n    config: {enabled: true}\n"),
            id="its properties",
        ),
        pytest.param(lambda s: s.replace("tests/revenue_is_positive.sql", "0", "1"), id="its test"),
        pytest.param(lambda s: s.replace("models/staging/staging.yml", "Orders.", "All orders."), id="a description"),
        pytest.param(lambda s: s.replace("models/staging/staging.yml", "The order.", "Its number."), id="a column's"),
        pytest.param(
            lambda s: s.replace("models/staging/staging.yml", "version: 2", "version: 2 # two"), id="a comment"
        ),
        pytest.param(
            lambda s: s.replace(
                "models/staging/staging.yml", "description: Orders.", "docs: {show: false}\n    meta: {a: 1}"
            ),
            id="docs and meta",
        ),
        pytest.param(
            lambda s: s.replace("models/staging/staging.yml", "description: Orders.", "config: {meta: {a: 1}}"),
            id="meta in its config",
        ),
        pytest.param(
            lambda s: s.replace("dbt_project.yml", 'name: shop\nversion: "1.0"', 'version: "1.1"\nname: shop'),
            id="order of keys",
        ),
        pytest.param(lambda s: s.replace("dbt_project.yml", "whatever", "mine"), id="the profile's name"),
        pytest.param(
            lambda s: s.write("dbt_project.yml", (s.root / "dbt_project.yml").read_text() + "target-path: x\n"),
            id="the target path",
        ),
        pytest.param(lambda s: s.write("README.md", "Read me."), id="another file"),
        pytest.param(lambda s: s.write("models/docs.md", "{% docs x %}y{% enddocs %}"), id="a doc block"),
        pytest.param(lambda s: s.write("target/compiled/x.sql", "select 1"), id="what dbt wrote"),
        pytest.param(lambda s: s.write("models/staging/.#stg_new.sql", "select 1"), id="an editor's file"),
        pytest.param(lambda s: s.write("macros/u.sql", "{% macro unused() %}1{% endmacro %}"), id="an unused macro"),
        pytest.param(
            lambda s: s.replace(
                "macros/schema.sql", "{% endmacro %}", "{% endmacro %}\n{# #}{% macro u() %}{% endmacro %}"
            ),
            id="an unused macro beside a used one",
        ),
        pytest.param(
            lambda s: s.write("tests/generic/t.sql", "{% test odd(model) %}select 1{% endtest %}"), id="an unused test"
        ),
        pytest.param(
            lambda s: s.replace("dbt_project.yml", "{+schema: marts}", "{+schema: marts, +meta: {a: 1}}"),
            id="nested meta",
        ),
    ],
)
def test_what_does_not_leaves_it(shop: Shop, edit: Edit) -> None:
    before = Dbt().definition(staging(shop))
    edit(shop)
    assert Dbt().definition(staging(shop)) == before


USED = "{% macro cents() %}100{% endmacro %}"


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda s: s.write("models/staging/c.sql", "select {{ cents() }} as c"), id="by a model"),
        pytest.param(
            lambda s: s.write("models/staging/c.sql", "select {{ shop.cents() }} as c"), id="by its full name"
        ),
        pytest.param(
            lambda s: s.write("models/staging/c.sql", "select {{ context['ce' ~ 'nts']() }} as c"), id="unnamed"
        ),
        pytest.param(
            lambda s: (
                s.write("models/staging/c.sql", "select {{ twice() }} as c"),
                s.write("macros/t.sql", "{% macro twice() %}2 * {{ cents() }}{% endmacro %}"),
            ),
            id="by another macro",
        ),
        pytest.param(
            lambda s: s.write(
                "dbt_project.yml", (s.root / "dbt_project.yml").read_text() + "on-run-end: '{{ cents() }}'\n"
            ),
            id="by a hook",
        ),
        pytest.param(
            lambda s: s.replace(
                "models/staging/staging.yml",
                "description: Orders.",
                "config: {pre_hook: 'select {{ cents() }}'}",
            ),
            id="by a property",
        ),
        pytest.param(lambda s: s.write("dbt_packages/p/macros/m.sql", "{{ cents() }}"), id="by a package"),
    ],
)
def test_a_macro_counts_where_it_is_called(shop: Shop, call: Edit) -> None:
    shop.write("macros/cents.sql", USED)
    call(shop)
    before = Dbt().definition(staging(shop))
    shop.replace("macros/cents.sql", "100", "10")
    assert Dbt().definition(staging(shop)) != before


def test_a_test_of_the_projects_own_counts_where_it_is_used(shop: Shop) -> None:
    shop.write("tests/generic/odd.sql", "{% test odd(model, column_name) %}select 1{% endtest %}")
    shop.replace("models/staging/staging.yml", "[unique, not_null]", "[unique, not_null, odd]")
    before = Dbt().definition(staging(shop))
    shop.replace("tests/generic/odd.sql", "select 1", "select 2")
    assert Dbt().definition(staging(shop)) != before


@pytest.mark.parametrize(
    ("asking", "edit"),
    [
        (
            "{{ config.get('meta') }}",
            lambda s: s.replace("models/staging/staging.yml", "description: Orders.", "config: {meta: {a: 1}}"),
        ),
        (
            "{{ model['description'] }}",
            lambda s: s.replace("models/staging/staging.yml", "Orders.", "All orders."),
        ),
        ("{{ graph.nodes }}", lambda s: s.replace("models/marts/revenue.sql", "sum", "max")),
    ],
)
def test_what_a_template_asks_for_counts(shop: Shop, asking: str, edit: Edit) -> None:
    shop.write("models/staging/asking.sql", f"select 1 as one {asking}")
    before = Dbt().definition(staging(shop))
    edit(shop)
    assert Dbt().definition(staging(shop)) != before


def test_a_definition_of_a_project_with_200_macros_takes_less_than_50_ms(shop: Shop) -> None:
    body = "\n".join("select {{ a_" + str(number) + " }} from x" for number in range(20))
    for number in range(200):
        shop.write(
            f"macros/m{number}.sql", f"{{% macro m{number}(a) %}}{body} {{{{ m{number - 1}() }}}}{{% endmacro %}}"
        )
    shop.write("models/staging/all.sql", "select {{ m199() }}")
    Dbt().definition(staging(shop))
    times = []
    for _ in range(5):
        begun = time.process_time()
        Dbt().definition(staging(shop))
        times.append(time.process_time() - begun)
    assert min(times) < 0.05, times


def test_a_model_upstream_of_another_selection_leaves_that(shop: Shop) -> None:
    before = Dbt().definition(shop.job("marts"))
    shop.replace("models/staging/stg_orders.sql", "id,", "id + 1 as id,")
    assert Dbt().definition(shop.job("marts")) == before


def test_an_ephemeral_model_counts_with_those_that_use_it(shop: Shop) -> None:
    shop.write("models/base/cents.sql", "{{ config(materialized='ephemeral') }} select 100 as cents")
    shop.write("models/marts/revenue.sql", "select * from {{ ref('cents') }}")
    marts, stagings = Dbt().definition(shop.job("marts")), Dbt().definition(staging(shop))
    shop.replace("models/base/cents.sql", "100", "10")
    assert Dbt().definition(shop.job("marts")) != marts
    assert Dbt().definition(staging(shop)) == stagings


def test_a_selection_that_needs_the_graph_counts_every_model(shop: Shop) -> None:
    before = Dbt().definition(shop.job("+stg_orders"))
    shop.replace("models/marts/revenue.sql", "sum", "max")
    assert Dbt().definition(shop.job("+stg_orders")) != before


def test_connections_leave_it(shop: Shop) -> None:
    job = staging(shop)
    elsewhere = Connection("duckdb", {"path": "elsewhere.duckdb"}, {"token": Secret("hidden")})
    moved = [tuple(replace(each, connection=elsewhere) for each in ports) for ports in (job.inputs, job.outputs)]
    assert Dbt().definition(replace(job, inputs=moved[0], outputs=moved[1])) == Dbt().definition(job)


def test_the_tables_of_its_ports_change_it(shop: Shop) -> None:
    job = staging(shop)
    other = replace(job, inputs=(shop.dataset("raw-orders", "raw.other"),))
    assert Dbt().definition(other) != Dbt().definition(job)


def test_the_spelling_of_a_selection_leaves_it(shop: Shop) -> None:
    assert Dbt().definition(shop.job("path:models/staging")) == Dbt().definition(staging(shop))


CHECKS = [
    ({"select": ["stagin"]}, "did you mean 'staging'"),
    ({"select": "staging"}, "expected a list of dbt selectors"),
    ({"project": "nowhere"}, "there is no folder nowhere"),
    ({"vars": "a=1"}, "`vars` is 'a=1'; expected a mapping"),
    ({"selekt": ["x"]}, "did you mean 'select'"),
    ({"project": None}, "`project` is missing"),
]


@pytest.mark.parametrize(("settings", "says"), CHECKS)
def test_a_fault_of_the_settings_is_one_sentence(shop: Shop, settings: dict[str, object], says: str) -> None:
    job = staging(shop)
    faults = list(map(str, Dbt().check(replace(job, settings={**job.settings, **settings}))))
    assert len(faults) == 1
    assert says in faults[0]
    assert "\n" not in faults[0]


def test_a_good_job_has_no_faults(shop: Shop) -> None:
    assert Dbt().check(staging(shop)) == []


@pytest.mark.parametrize(("first", "second"), [("answers.py", "README.md"), ("data/rates.csv", "notes/rates.csv")])
def test_only_what_is_read_beside_the_project_counts(shop: Shop, first: str, second: str) -> None:
    _python_with_module(shop, "1") if first == "answers.py" else _reading_data(shop, "a")
    before = Dbt().definition(staging(shop))
    shop.write(second, "new")
    assert Dbt().definition(staging(shop)) == before
    shop.write(first, "new")
    assert Dbt().definition(staging(shop)) != before


def test_the_variables_of_a_job_change_its_definition_and_do_not_stand_in_it(shop: Shop) -> None:
    def of(**values: str) -> str:
        return definition(replace(staging(shop), variables={name: Secret(value) for name, value in values.items()}))

    assert of(REGION="eu", TEAM="a") == of(TEAM="a", REGION="eu")
    assert len({of(), of(REGION="eu"), of(REGION="us"), of(REGION="eu", TEAM="a"), of(TEAM="eu")}) == 5
    assert "eu" not in str(variable_digests({"REGION": Secret("eu")}))


@pytest.mark.parametrize(
    ("asking", "declared", "is_fine"),
    [
        ("env_var('REGION')", {}, False),
        ('env_var( "REGION" )', {}, False),
        ("env_var('REGION', 'eu')", {}, True),
        ("env_var('SET', 'eu')", {}, False),
        ("env_var('REGION')", {"REGION": "us"}, True),
    ],
)
@pytest.mark.parametrize(
    "file", ["models/marts/revenue.sql", "macros/m.sql", "models/m.yml", "dbt_packages/o/macros/o.sql"]
)
def test_a_variable_that_is_asked_for_is_declared(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, file: str, asking: str, declared: dict[str, str], is_fine: bool
) -> None:
    monkeypatch.setenv("SET", "here")
    text = 'vars: {a: "{{ %s }}"}' if file.endswith(".yml") else "{%% macro m() %%}{{ %s }}{%% endmacro %%}"
    shop.write(file, text % asking.replace('"', "'"))
    job = replace(staging(shop), variables={name: Secret(value) for name, value in declared.items()})
    faults = list(map(str, Dbt().check(job)))
    assert [fault for fault in faults if "env_var" in fault] == ([] if is_fine else faults[:1])
    if not is_fine:
        name = "SET" if "SET" in asking else "REGION"
        assert faults[0].startswith(
            f"{shop.root / file} asks for env_var('{name}'), which the Transform does not declare"
        )


def test_what_is_not_evaluated_asks_for_nothing(shop: Shop) -> None:
    shop.write("models/marts/revenue.sql", "select 1 {# {{ env_var('A') }} #} -- env_var('B')")
    assert Dbt().check(staging(shop)) == []
