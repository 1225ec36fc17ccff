"""Technologies of other packages: found, imported by their IDs, and tested by the suite that ships."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from datakit_iac.sdk.technologies import Connection
from tests.docs.test_examples import execute
from tests.packages import install, python
from tests.sdk.inbox import IMPORT, POINTS, SUITE, TECHNOLOGY


def test_a_technology_of_ones_own_has_all_that_one_needs() -> None:
    inbox = execute(TECHNOLOGY)["Inbox"]()
    assert (inbox.name, inbox.capabilities.keeps_schema) == ("inbox", False)
    reached = Connection("inbox", {"path": "partners"})
    assert inbox.location(reached) == "inbox:partners"
    assert inbox.at(inbox.location(reached)) == reached


def test_an_installed_technology_of_ones_own_is_found_and_its_datasets_are_imported(tmp_path: Path) -> None:
    install(tmp_path, "acme_technology", TECHNOLOGY, POINTS)
    (tmp_path / "inbox/orders").mkdir(parents=True)
    (tmp_path / "inbox/orders/1.csv").write_text("id\n1\n")
    done = python(tmp_path, "-c", IMPORT, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_suite_passes_on_a_technology_of_ones_own_and_tells_what_is_wrong_with_it(tmp_path: Path) -> None:
    install(tmp_path, "acme_technology", TECHNOLOGY, POINTS)
    (tmp_path / "test_inbox.py").write_text(SUITE)
    done = python(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_inbox.py", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert int(re.findall(r"(\d+) passed", done.stdout)[0]) >= 18
    broken = TECHNOLOGY.replace(
        '    name = "inbox"', '    name = "inbox"\n\n    def size(self, connection):\n        return 7'
    )
    (tmp_path / "acme_technology.py").write_text(broken)
    done = python(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_inbox.py", cwd=tmp_path)
    assert "assert 7 == 0" in done.stdout


LAKE = """
from datakit_iac.technologies.duckdb.cloudquery.adapter import DuckDBAdapter as LakeDestination
from datakit_iac.technologies.duckdb.dbt import DuckDBProfile as LakeProfile
from datakit_iac.technologies.duckdb.factory import DuckDB


class Lake(DuckDB):
    name = "lake"
"""
BUILD = """
from datakit_iac.provider import inputs
from datakit_iac.runtimes.definition import definition
from datakit_iac.testing import FUNCTIONS, TYPES, Lifecycle

store = {"name": "lake", "technology": "lake", "connection": {"path": "lake.duckdb"}}
inbox = {"name": "inbox", "technology": "files", "connection": {"path": "."}}
schema = [{"name": "id", "type": "bigint"}]
source = {"name": "users-csv", "store": inbox, "prefix": "users.csv"}
raw, users = ({"name": name, "store": store, "table": name, "schema": schema} for name in ("raw", "users"))
with Lifecycle(TYPES, FUNCTIONS, project="shop", stack="dev") as lifecycle:
    lifecycle.subject("datakit:index:Store", "lake").up(store)
    for runtime, read, written, settings in (
        ("cloudquery", source, raw, {}),
        ("dbt", raw, users, {"project": "models"}),
    ):
        made = lifecycle.subject("datakit:index:DataSet", written["name"])
        made.up(written)
        run = {
            "transform": runtime, "runtime": runtime, "settings": settings, "inputs": [read], "outputs": [written],
            "versions": {read["name"]: "1"}, "generations": {written["name"]: made.outputs["generation"]},
        }
        run["definition"] = definition(inputs.job(run, "dev"))
        lifecycle.subject("datakit:index:Run", runtime).up(run)
"""


@pytest.mark.engine
def test_a_technology_of_ones_own_is_loaded_by_cloudquery_and_built_by_dbt(tmp_path: Path) -> None:
    adapters = {"datakit.cloudquery.destinations": "LakeDestination", "datakit.dbt.profiles": "LakeProfile"}
    named = {"datakit.technologies": "Lake", **adapters}
    install(tmp_path, "acme_lake", LAKE, {group: {"lake": f"acme_lake:{name}"} for group, name in named.items()})
    (tmp_path / "users.csv").write_text("id\n1\n2\n")
    (tmp_path / "models/models").mkdir(parents=True)
    (tmp_path / "models/dbt_project.yml").write_text(
        "name: shop\nprofile: any\nmodels: {shop: {+materialized: table}}\n"
    )
    (tmp_path / "models/models/users.sql").write_text("select id from {{ source('lake', 'raw') }} where id > 1\n")
    done = python(tmp_path, "-c", BUILD, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    with duckdb.connect(tmp_path / "lake.duckdb") as database:
        assert database.execute("FROM users").fetchall() == [(2,)]
