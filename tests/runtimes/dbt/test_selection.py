from __future__ import annotations

from pathlib import Path

import pytest

from datakit_iac.runtimes.dbt.project.configuration import ProjectError
from datakit_iac.runtimes.dbt.project.dbt_project import DbtProject
from datakit_iac.runtimes.dbt.project.selection import select
from tests.runtimes.dbt.conftest import Shop

STAGING = ["stg_customers", "stg_orders"]


def names(shop: Shop, *chosen: str, exclude: tuple[str, ...] = ()) -> list[str]:
    selection = select(DbtProject(shop.root), chosen, exclude)
    assert selection.exact
    return sorted(node.name for node in selection.nodes)


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("staging", STAGING),
        ("shop.staging", STAGING),
        ("shop.staging.stg_orders", ["stg_orders"]),
        ("staging.stg_orders", ["stg_orders"]),
        ("stg_orders", ["stg_orders"]),
        ("fqn:staging", STAGING),
        ("stg_*", STAGING),
        ("staging.stg_o*", ["stg_orders"]),
        ("models/staging", STAGING),
        ("models/staging/", STAGING),
        ("path:models/staging", STAGING),
        ("path:models/*/stg_orders.sql", ["stg_orders"]),
        ("models/staging/stg_orders.sql", ["stg_orders"]),
        ("stg_orders.sql", ["stg_orders"]),
        ("file:stg_orders", ["stg_orders"]),
        ("staging,stg_orders", ["stg_orders"]),
        ("stg_orders revenue", ["revenue", "stg_orders"]),
        ("revenue_is_positive", ["revenue_is_positive"]),
        ("stagin", []),
        ("models/nowhere", []),
        ("path:/", []),
    ],
)
def test_a_selector_means_what_dbt_means_by_it(shop: Shop, selector: str, expected: list[str]) -> None:
    assert names(shop, selector) == expected


def test_several_selectors_unite_and_exclude_takes_away(shop: Shop) -> None:
    assert names(shop, "staging", "marts", exclude=("stg_orders",)) == ["revenue", "stg_customers"]


def test_nothing_chosen_is_everything(shop: Shop) -> None:
    assert names(shop) == ["revenue", "revenue_is_positive", *STAGING]


@pytest.mark.parametrize(
    "selector",
    [
        "+stg_orders",
        "stg_orders+",
        "2+revenue",
        "@revenue",
        "tag:nightly",
        "state:modified",
        "models/staging/staging.yml",
    ],
)
def test_what_needs_the_graph_takes_every_model(shop: Shop, selector: str) -> None:
    selection = select(DbtProject(shop.root), [selector])
    assert not selection.exact
    assert {"revenue", *STAGING} <= {node.name for node in selection.nodes}


def test_versions_of_models_take_every_model(shop: Shop) -> None:
    shop.write("models/more.yml", "models: [{name: revenue, versions: [{v: 1}]}]")
    assert not select(DbtProject(shop.root), ["staging"]).exact


def test_a_default_selector_takes_every_model(shop: Shop) -> None:
    shop.write("selectors.yml", "selectors: [{name: some, default: true, definition: staging}]")
    assert not select(DbtProject(shop.root), []).exact
    assert select(DbtProject(shop.root), ["staging"]).exact


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"there is no folder .*gone"):
        DbtProject(tmp_path / "gone")


def test_a_folder_without_a_project_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"has no dbt_project\.yml"):
        DbtProject(tmp_path)


def test_a_broken_project_file_is_named_with_its_line(shop: Shop) -> None:
    shop.write("dbt_project.yml", "name: shop\nmodels: [")
    with pytest.raises(ProjectError, match=r"dbt_project\.yml:3:1: not valid YAML"):
        DbtProject(shop.root)


SNAPSHOT = "{%% snapshot %s %%}{{ config(unique_key='id', strategy='check', check_cols='all') }}{%% endsnapshot %%}"


def test_a_snapshot_with_the_name_of_its_file_is_known(shop: Shop) -> None:
    shop.write("snapshots/old/orders_snapshot.sql", SNAPSHOT % "orders_snapshot")
    shop.write("snapshots/old/properties.yml", "snapshots: [{name: orders_snapshot, description: Orders.}]")
    (snapshot,) = select(DbtProject(shop.root), ["orders_snapshot"]).nodes
    # dbt's name of a snapshot has the file's, too.
    assert snapshot.fqn == ("shop", "old", "orders_snapshot", "orders_snapshot")
    assert select(DbtProject(shop.root), ["staging"]).exact


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("snapshots/s.sql", SNAPSHOT % "other"),
        ("snapshots/s.sql", SNAPSHOT % "s" + SNAPSHOT % "t"),
        ("snapshots/s.yml", "snapshots: [{name: s, relation: ref('stg_orders'), config: {unique_key: id}}]"),
    ],
)
def test_other_snapshots_take_every_model(shop: Shop, file: str, text: str) -> None:
    shop.write(file, text)
    assert not select(DbtProject(shop.root), ["staging"]).exact
