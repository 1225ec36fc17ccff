"""dbt projects laid out as public ones are: each builds as it is, a second `up` does nothing, an edit runs its part."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.stories.workspace import InProcess

LAYOUTS = Path(__file__).with_name("layouts")


def laid_out(layout: str, made: InProcess) -> InProcess:
    """A workspace with the project of a layout."""
    shutil.copytree(LAYOUTS / layout, made.project, dirs_exist_ok=True)
    return made


def runs(workspace: InProcess) -> set[str]:
    """The Transforms that an update runs."""
    done = workspace.up("--skip-preview").ok().operations
    return {name.removeprefix("Run ") for name in done if name.startswith("Run ")}


@pytest.fixture
def cafe(bare: InProcess) -> InProcess:
    return laid_out("cafe", bare)


def test_a_shop_with_seeds_staging_marts_and_its_own_sources(cafe: InProcess) -> None:
    """As https://github.com/dbt-labs/jaffle-shop is: dispatched macros, `generate_schema_name`, docs, a package."""
    cafe.up().ok()
    customers = (
        "SELECT customer_name, count_lifetime_orders, lifetime_spend, customer_type FROM main.customers ORDER BY 1"
    )
    assert [(*each[:2], float(each[2]), each[3]) for each in cafe.rows(customers)] == [
        ("Ann", 2, 20.67, "returning"), ("Ben", 1, 3.18, "new"), ("Eve", 0, 0.0, "new"),
    ]  # fmt: skip
    assert cafe.rows("SELECT DISTINCT schema_name FROM duckdb_tables() ORDER BY 1") == [("main",), ("raw",)]
    assert cafe.up("--skip-preview").ok().operations == {}

    cafe.replace("project/dbt/models/marts/customers.sql", "count_lifetime_orders > 1", "count_lifetime_orders > 0")
    assert runs(cafe) == {"marts"}
    assert cafe.rows("SELECT customer_type FROM main.customers ORDER BY customer_name") == [
        ("returning",), ("returning",), ("new",),
    ]  # fmt: skip
    cafe.replace("project/dbt/jaffle-data/raw_customers.csv", "3,Eve", "3,Eva")
    assert runs(cafe) == {"seeds", "staging", "marts"}
    assert ("Eva",) in cafe.rows("SELECT customer_name FROM main.customers")


@pytest.fixture
def ledger(bare: InProcess) -> InProcess:
    return laid_out("ledger", bare)


def test_an_analytics_project_with_snapshots_increments_versions_contracts_and_groups(ledger: InProcess) -> None:
    """As https://github.com/mattermost/mattermost-data-warehouse is: schemas and tags by folder, ephemeral models."""
    ledger.up().ok()
    accounts = "SELECT owner, status_label, total::DOUBLE, changes FROM mart_finance.dim_accounts_v2 ORDER BY owner"
    assert ledger.rows(accounts) == [("ann", "In use", 15.0, 1), ("ben", "In use", 7.0, 1)]
    assert ledger.rows("FROM mart_finance.dim_accounts_v1 ORDER BY account_id") == [(1, "ann"), (2, "ben")]
    assert ledger.up("--skip-preview").ok().operations == {}

    # Another account's status, and one more payment: the snapshot keeps both statuses, the increment adds one row.
    ledger.replace("project/inbox/accounts.csv", "2,ben,open", "2,ben,closed")
    with (ledger.project / "inbox/payments.csv").open("a") as payments:
        payments.write("4,2,1.00,2024-02-01\n")
    assert runs(ledger) == {"load-accounts", "load-payments", "staging", "history", "finance"}
    assert ledger.rows(accounts) == [("ann", "In use", 15.0, 1), ("ben", "Given up", 8.0, 2)]
    assert ledger.rows("SELECT count(*), sum(amount)::DOUBLE FROM mart_finance.fct_payments") == [(4, 23.0)]

    exposures = "project/ledger/models/marts/finance/_finance__exposures.yml"
    ledger.replace(exposures, "maturity: high", "maturity: low")
    ledger.replace("project/ledger/models/staging/bank/_bank__models.yml", "as the bank sends them", "of the bank")
    assert runs(ledger) == set()
    # What tags and versions mean only dbt can tell, so all its Transforms run; what comes out the same goes no further.
    ledger.replace("project/ledger/models/intermediate/finance/int_totals.sql", "sum(amount)", "2 * sum(amount)")
    assert "finance" in runs(ledger) <= {"staging", "history", "finance"}
    assert ledger.rows(accounts) == [("ann", "In use", 30.0, 1), ("ben", "Given up", 16.0, 2)]


@pytest.fixture
def metrics(bare: InProcess) -> InProcess:
    return laid_out("metrics", bare)


def test_a_project_with_semantic_models_unit_tests_and_tests_of_its_own(metrics: InProcess) -> None:
    """As https://github.com/dbt-labs/jaffle-sl-template is: metrics, saved queries, a time spine, a package inside."""
    done = metrics.up().ok()
    assert "models 2" in done.text
    stores = "SELECT store, orders, takings::INTEGER FROM reports.stores ORDER BY store"
    assert metrics.rows(stores) == [("north", 2, 21), ("south", 1, 7)]
    assert metrics.rows("SELECT size FROM analytics.orders ORDER BY order_id") == [("large",), ("small",), ("small",)]
    assert metrics.rows("SELECT count(*) FROM analytics.metricflow_time_spine") == [(31,)]
    assert metrics.up("--skip-preview").ok().operations == {}

    # What is built by what: a var of the binding, a macro of the package, a unit test.
    metrics.replace("project/platform.yaml", "first_day: 2024-01-01", "first_day: 2024-01-02")
    assert "semantics" in runs(metrics)
    assert metrics.rows(stores) == [("north", 1, 1), ("south", 1, 7)]
    metrics.replace("project/metrics/money/macros/whole.sql", "({{ column }} *", "(10 * {{ column }} *")
    assert {"semantics", "reports"} <= runs(metrics)
    assert metrics.rows(stores) == [("north", 1, 10), ("south", 1, 70)]
    metrics.replace(
        "project/metrics/models/semantics/_semantics.yml", "{order_id: 2, size: large}", "{order_id: 2, size: small}"
    )
    failed = metrics.up("--skip-preview").failed()
    assert "test small_and_large" in failed.text
