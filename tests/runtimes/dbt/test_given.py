"""The files that dbt is given: what is approved, copied and built is the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from datakit_iac.runtimes.dbt.project import given
from datakit_iac.runtimes.dbt.project.configuration import ProjectError
from datakit_iac.runtimes.dbt.project.dbt_project import DbtProject
from tests.runtimes.dbt.conftest import Shop


def files(shop: Shop) -> set[str]:
    return {file.as_posix() for file in given.files(DbtProject(shop.root))}


@pytest.mark.parametrize(
    "file",
    [
        "models/word.SQL",
        "models/.hidden/x.sql",
        "models/target/x.sql",
        "models/lib.py",
        "macros/properties.yml",
        "analyses/properties.yaml",
        "functions/f.sql",
        "tests/generic/t.sql",
        "dbt_packages/other/models/properties.yml",
        "dbt_packages/other/dbt_project.yml",
        "packages.yml",
        ".dbtignore",
    ],
)
def test_all_of_dbts_own_folders_is_given(shop: Shop, file: str) -> None:
    assert file not in files(shop)
    shop.write(file, "x")
    assert file in files(shop)


@pytest.mark.parametrize(
    "file",
    [
        "target/manifest.json",
        "models/__pycache__/lib.pyc",
        ".git/config",
        ".venv/lib/x.sql",
        "README.md",
        "approvals/prod/plan.json",
        "notebooks/x.sql",
    ],
)
def test_what_is_made_there_or_not_for_dbt_is_not_given(shop: Shop, file: str) -> None:
    shop.write(file, "x")
    assert file not in files(shop)


def test_what_a_model_mentions_is_given(shop: Shop) -> None:
    shop.write("data/rates.csv", "a\n1\n")
    shop.write("lookup.json", "[]")
    shop.write("tools.py", "")
    assert not files(shop) & {"data/rates.csv", "lookup.json", "tools.py"}
    shop.write("models/rates.sql", "select * from read_csv('data/rates.csv'), read_json('./lookup.json')")
    shop.write("models/python.py", "import tools")
    assert files(shop) >= {"data/rates.csv", "lookup.json", "tools.py"}


def test_where_the_project_is_the_model_path_all_but_what_is_made_there_is_given(shop: Shop) -> None:
    shop.replace("dbt_project.yml", "profile:", "model-paths: [.]\nprofile:")
    shop.write("x.sql", "select 1")
    shop.write("target/compiled/x.sql", "select 1")
    shop.write("approvals/prod/plan.json", "{}")
    assert "x.sql" in files(shop)
    assert not files(shop) & {"target/compiled/x.sql", "approvals/prod/plan.json"}


def test_links_are_followed_as_dbt_follows_them(shop: Shop, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "y.sql").write_text("select 1")
    (shop.root / "models/y.sql").symlink_to(shared / "y.sql")
    (shop.root / "models/gone.sql").symlink_to(shared / "gone.sql")
    (shop.root / "models/folder").symlink_to(shared)
    (shop.root / "dbt_packages").mkdir()
    (shop.root / "dbt_packages/other").symlink_to(shared)
    (shop.root / "seeds").symlink_to(shared)
    found = files(shop)
    assert {"models/y.sql", "dbt_packages/other/y.sql", "seeds/y.sql"} <= found
    assert not found & {"models/gone.sql", "models/folder/y.sql"}


def test_any_byte_changes_the_digests(shop: Shop) -> None:
    before = given.digests(DbtProject(shop.root))
    for file in sorted(files(shop)):
        path = shop.root / file
        content = path.read_bytes()
        path.write_bytes(content + b" ")
        assert given.digests(DbtProject(shop.root)) != before, file
        path.write_bytes(content)
    assert given.digests(DbtProject(shop.root)) == before


def test_folders_outside_of_the_project_are_refused(shop: Shop) -> None:
    shop.replace("dbt_project.yml", "profile:", "macro-paths: [../shared]\nprofile:")
    with pytest.raises(ProjectError, match=r"`macro-paths` of .*dbt_project.yml names ../shared, which is outside"):
        DbtProject(shop.root)
