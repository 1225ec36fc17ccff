"""Wherever dbt would build by itself, the rows are where the contract says, and those who read find them there."""

from __future__ import annotations

from tests.scenarios.workspace import Workspace

REVENUE = [("ann", 15.0), ("bob", 7.0)]


def test_dbts_own_names_of_schemas_do_not_hide_the_rows(pipeline: Workspace) -> None:
    # Without a macro of the project's own, dbt builds main_staging.paid.
    pipeline.replace("project/models/dbt_project.yml", "+materialized: table", "+materialized: table, +schema: staging")
    pipeline.replace("project/tables.yaml", "main.paid", "staging.paid")
    done = pipeline.up().ok()
    assert "no output" not in done.text
    assert pipeline.rows("SELECT count(*) FROM staging.paid") == [(3,)]
    assert pipeline.rows("SELECT name, total FROM main.revenue ORDER BY name") == REVENUE
    assert pipeline.rows("SELECT count(*) FROM duckdb_tables() WHERE schema_name LIKE 'main_%'") == [(0,)]
    assert pipeline.up("--skip-preview").ok().operations == {}


def test_a_binding_moves_what_dbt_builds_and_what_reads_it(pipeline: Workspace) -> None:
    pipeline.replace(
        "project/platform.yaml",
        "metadata: {name: dev}",
        "metadata: {name: dev}\nbindings: {paid: {table: reporting.paid_dev}, revenue: {table: reporting.revenue}}",
    )
    pipeline.up().ok()
    assert pipeline.rows("SELECT name, total FROM reporting.revenue ORDER BY name") == REVENUE
    assert pipeline.rows("SELECT count(*) FROM reporting.paid_dev") == [(3,)]
    assert pipeline.rows("SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'main'") == [(0,)]
    assert pipeline.up("--skip-preview").ok().operations == {}


def test_a_ref_without_an_input_is_refused_by_the_preview(pipeline: Workspace) -> None:
    pipeline.replace("project/transforms.yaml", "[{dataset: users}, {dataset: paid}]", "[{dataset: users}]")
    refused = pipeline.preview().failed()
    assert "models/marts/revenue.sql reads ref('paid'), which is built elsewhere and is not an input" in refused.text
    assert "add DataSet paid to `inputs`" in refused.text


def test_an_output_that_no_model_makes_is_refused_by_the_preview(pipeline: Workspace) -> None:
    models = pipeline.project / "models/models/marts"
    (models / "revenue.sql").rename(models / "takings.sql")
    refused = pipeline.preview().failed()
    assert (
        "no selected model makes DataSet revenue (main.revenue): give its model the name or the alias" in refused.text
    )
    assert "selected are takings" in refused.text


def test_an_unused_macro_runs_nothing(applied: Workspace) -> None:
    applied.write("project/models/macros/unused.sql", "{% macro unused() %}1{% endmacro %}")
    assert applied.preview().ok().operations == {}
