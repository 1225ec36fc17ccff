from __future__ import annotations

import os
from pathlib import Path

import yaml

from datakit_iac.runtimes.dbt import workspace
from datakit_iac.runtimes.dbt.project import given
from datakit_iac.runtimes.dbt.project.dbt_project import DbtProject
from tests.runtimes.dbt.conftest import Shop


def build(shop: Shop, folder: Path) -> dict[str, str]:
    project = DbtProject(shop.root)
    return workspace.build(project, folder, workspace.sources(project, [shop.dataset("raw-orders", "raw.orders")]))


def files(folder: Path) -> dict[str, int]:
    return {
        str(Path(current, name).relative_to(folder)): Path(current, name).lstat().st_mtime_ns
        for current, _, names in os.walk(folder)
        for name in names
    }


def test_it_copies_the_users_files_and_adds_sources(shop: Shop, tmp_path: Path) -> None:
    before = files(shop.root)
    copied = build(shop, tmp_path / "overlay")
    assert copied == given.digests(DbtProject(shop.root))
    assert files(shop.root) == before
    assert set(files(tmp_path / "overlay")) == {*before, "datakit_sources/warehouse.raw.yml"}
    model = tmp_path / "overlay/models/staging/stg_orders.sql"
    assert not model.is_symlink()
    assert model.read_text() == (shop.root / "models/staging/stg_orders.sql").read_text()
    configuration = yaml.safe_load((tmp_path / "overlay/dbt_project.yml").read_text())
    assert configuration["model-paths"] == ["models", "datakit_sources"]
    assert yaml.safe_load((tmp_path / "overlay/datakit_sources/warehouse.raw.yml").read_text())["sources"] == [
        {"name": "warehouse", "schema": "raw", "tables": [{"name": "raw_orders", "identifier": "orders"}]}
    ]


def test_again_it_touches_nothing(shop: Shop, tmp_path: Path) -> None:
    build(shop, tmp_path / "overlay")
    before = files(tmp_path / "overlay")
    build(shop, tmp_path / "overlay")
    assert files(tmp_path / "overlay") == before


def test_it_follows_files_that_come_and_go(shop: Shop, tmp_path: Path) -> None:
    build(shop, tmp_path / "overlay")
    (shop.root / "models/marts/revenue.sql").unlink()
    (shop.root / "models/marts/marts.yml").unlink()
    shop.write("models/new/x.sql", "select 1")
    build(shop, tmp_path / "overlay")
    assert not (tmp_path / "overlay/models/marts").exists()
    assert (tmp_path / "overlay/models/new/x.sql").read_text() == "select 1\n"


def test_what_else_lies_there_goes(shop: Shop, tmp_path: Path) -> None:
    build(shop, tmp_path / "overlay")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "evil.sql").write_text("select 1")
    (tmp_path / "overlay/models/linked").symlink_to(elsewhere)
    (tmp_path / "overlay/macros/evil.sql").symlink_to(elsewhere / "evil.sql")
    model = tmp_path / "overlay/models/marts/revenue.sql"
    model.unlink()
    model.symlink_to(elsewhere / "evil.sql")
    (tmp_path / "overlay/models/staging/staging.yml").unlink()
    (tmp_path / "overlay/models/staging/staging.yml").mkdir()
    shop.write("models/new", "a file that was")
    shop.write("models/empty/x.sql", "select 2")
    assert build(shop, tmp_path / "overlay") == given.digests(DbtProject(shop.root))
    (shop.root / "models/new").unlink()
    shop.write("models/new/x.sql", "a folder now")
    assert build(shop, tmp_path / "overlay") == given.digests(DbtProject(shop.root))
    assert (elsewhere / "evil.sql").read_text() == "select 1"
    assert not (tmp_path / "overlay/models/linked").exists()
    assert model.read_text() == (shop.root / "models/marts/revenue.sql").read_text()


def test_a_changed_file_is_copied_again(shop: Shop, tmp_path: Path) -> None:
    before = build(shop, tmp_path / "overlay")
    shop.write("models/marts/revenue.sql", "select 1")
    after = build(shop, tmp_path / "overlay")
    assert {file for file in after if after[file] != before[file]} == {"models/marts/revenue.sql"}
    assert (tmp_path / "overlay/models/marts/revenue.sql").read_text() == "select 1\n"


def test_a_model_path_that_is_the_folder_itself_holds_the_sources_already(shop: Shop, tmp_path: Path) -> None:
    shop.replace("dbt_project.yml", "profile:", "model-paths: [.]\nprofile:")
    build(shop, tmp_path / "overlay")
    assert yaml.safe_load((tmp_path / "overlay/dbt_project.yml").read_text())["model-paths"] == ["."]


def test_sources_are_in_the_order_of_names(shop: Shop) -> None:
    project = DbtProject(shop.root)
    datasets = [shop.dataset("b", "two.b"), shop.dataset("a", "one.a"), shop.dataset("c", store="z"), shop.dataset("d")]
    assert workspace.sources(project, datasets) == workspace.sources(project, datasets[::-1])


def test_what_the_project_declares_itself_is_left_to_it(shop: Shop) -> None:
    shop.write("models/sources.yml", "sources: [{name: warehouse, tables: [{name: raw_orders}]}]")
    project = DbtProject(shop.root)
    assert workspace.sources(project, [shop.dataset("raw-orders")]) == {}
    assert workspace.undeclared(project, project.nodes, ()) == []


def test_what_a_model_reads_without_an_input_is_said(shop: Shop) -> None:
    project = DbtProject(shop.root)
    assert workspace.undeclared(project, project.nodes, ()) == [
        f"{shop.root}/models/staging/stg_orders.sql reads source('warehouse', 'raw_orders'), which is not an input; "
        "add DataSet raw-orders of Store warehouse to `inputs`"
    ]
