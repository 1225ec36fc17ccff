"""`dk init`: what it writes is right at once, and nothing that is there is ever lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from datakit_iac.cli.scaffold import files
from datakit_iac.functions.importing import imported
from datakit_iac.manifest.loading.loader import load
from datakit_iac.testing import run
from tests.cli.conftest import Dk
from tests.scenarios.workspace import Workspace


@pytest.fixture
def shop(dk: Dk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project as `dk init` leaves it, and the working directory."""
    monkeypatch.chdir(tmp_path)
    assert dk("init", "shop").code == 0
    monkeypatch.chdir(tmp_path / "shop")
    return tmp_path / "shop"


def contents(folder: Path) -> dict[str, str]:
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}


def test_a_new_project_is_right_in_every_environment(dk: Dk, shop: Path) -> None:
    assert dk("lint", "--strict").out.endswith("nothing is wrong\n")
    assert dk("validate", "--strict").out.endswith("nothing is wrong\n")
    for environment in ("stage", "prod"):
        assert dk("validate", "--env", environment).code == 0


def test_a_new_project_has_one_of_each_and_what_pulumi_needs(shop: Path) -> None:
    project = load(shop)
    assert set(project.environments) == {"dev", "stage", "prod"}
    assert project.connectors
    assert project.stores
    assert project.datasets
    assert (shop / "Pulumi.yaml").read_text().startswith("name: shop\n")
    assert (shop / ".venv").readlink() == Path(sys.prefix)
    assert compile((shop / "stacks" / "__main__.py").read_text(), "__main__.py", "exec")


def test_what_must_not_be_committed_is_ignored(shop: Path) -> None:
    ignored = (shop / ".gitignore").read_text().splitlines()
    assert {".venv", ".datakit/", "*.duckdb", ".env", "stacks/Pulumi.dev.yaml"} <= set(ignored)
    assert (shop / ".datakit-state" / ".gitignore").read_text().splitlines()[-2:] == ["*", "!.gitignore"]


def test_the_files_are_told_and_how_to_go_on(dk: Dk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = dk("init", "My Shop!", "--output", "json")
    assert said.document["kept"] == []
    assert {str(Path("My Shop!", name)) for name in contents(tmp_path / "My Shop!") if ".venv" not in name} == set(
        said.document["written"]
    )
    assert said.document["next"] == ["cd My Shop!", "pulumi stack init dev", "dk apply --env dev"]
    assert (tmp_path / "My Shop!" / "Pulumi.yaml").read_text().startswith("name: my-shop\n")


def test_what_is_there_is_named_and_nothing_is_written(dk: Dk, tmp_path: Path) -> None:
    (tmp_path / "dataset").mkdir()
    (tmp_path / "dataset" / "users.yaml").write_text("mine")
    (tmp_path / "Pulumi.yaml").write_text("mine, too")
    before = contents(tmp_path)
    said = dk("init", tmp_path)
    assert (said.code, said.out) == (2, "")
    assert "Pulumi.yaml, " in said.err
    assert "users.yaml are there already; nothing was written" in said.err
    assert contents(tmp_path) == before
    assert not (tmp_path / ".venv").exists()


def test_force_keeps_what_was_there_each_time(dk: Dk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for mine in ("first", "second"):
        (tmp_path / "Pulumi.yaml").write_text(mine)
        said = dk("init", "--force", "--output", "json")
        assert said.code == 0
    assert said.document["written"] == ["Pulumi.yaml"], "what stands there already is left alone"
    assert said.document["kept"] == [{"file": "Pulumi.yaml", "as": "Pulumi.yaml.orig2"}]
    assert (tmp_path / "Pulumi.yaml.orig").read_text() == "first"
    assert (tmp_path / "Pulumi.yaml.orig2").read_text() == "second"
    assert (tmp_path / "Pulumi.yaml").read_text().startswith("name: ")


def test_a_failure_leaves_everything_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("mine")
    (tmp_path / "file").write_text("no folder")
    new = {tmp_path / "a": "new", tmp_path / "b" / "c": "new", tmp_path / "file" / "d": "new"}
    before = contents(tmp_path)
    with pytest.raises(OSError, match="file"):
        files.write(new, force=True)
    assert contents(tmp_path) == before
    assert not (tmp_path / "b").exists()


def test_a_folder_that_cannot_be_made_is_told_without_a_trace(dk: Dk, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = dk("init", tmp_path / "file" / "shop")
    assert said.code == 3
    assert contents(tmp_path) == {"file": ""}


def test_a_name_that_pulumi_does_not_take_is_refused(dk: Dk, tmp_path: Path) -> None:
    said = dk("init", tmp_path, "--name", "my shop")
    assert (said.code, contents(tmp_path)) == (2, {})
    assert "'my shop' is not a valid name of a project" in said.err


@pytest.mark.parametrize(
    "words",
    [
        ["new", "--runtime", "cloudquery"],
        ["new", "--runtime", "cloudquery", "--input", "users-csv"],
        ["new", "--runtime", "dbt"],
        ["new", "--runtime", "dbt", "--input", "users"],
    ],
    ids=" ".join,
)
def test_a_new_transform_is_right_at_once(dk: Dk, shop: Path, words: list[str]) -> None:
    said = dk("init", "transform", *words)
    assert (said.code, said.err) == (0, "")
    for command in ("lint", "validate"):
        assert dk(command, "--strict").out.endswith("nothing is wrong\n")
    assert [port.dataset for port in load(shop).transforms["new"].spec.outputs] == ["new"]


@pytest.mark.parametrize(("runtime", "command"), [("generic-go", ["go", "run", "."])])
def test_a_new_generic_transform_is_right_at_once_and_runs(
    dk: Dk, shop: Path, runtime: str, command: list[str]
) -> None:
    assert dk("init", "transform", "new", "--runtime", runtime, "--input", "users").code == 0
    for check in ("lint", "validate"):
        assert dk(check, "--strict").out.endswith("nothing is wrong\n")
    assert load(shop).transforms["new"].spec.command == command
    said = subprocess.run(command, cwd=shop / "transforms/new", capture_output=True, text=True, check=True)
    assert said.stdout == "new has nothing to do yet\n"


def test_a_new_python_transform_is_a_function_that_runs_at_once(dk: Dk, shop: Path) -> None:
    words = ["--runtime", "generic-python", "--input", "users"]
    assert dk("init", "transform", "new-users", *words).code == 0
    assert dk("init", "transform", "numbers", "--runtime", "generic-python").code == 0
    for command in ("lint", "validate"):
        assert dk(command, "--strict").out.endswith("nothing is wrong\n")
    assert "from datakit_iac import Table, transform" in (shop / "transforms/new_users.py").read_text()
    with imported(shop / "transforms/numbers.py") as module:
        assert run(module.numbers) == [{"id": 1}]
    with imported(shop / "transforms/new_users.py") as module:
        row = {"id": 1, "name": "ann", "email": "a@x.io", "joined_on": None}
        assert run(module.new_users, users=[row])[0]["name"] == "ann"


def test_columns_of_the_input_go_on_with_their_lineage_and_pii(dk: Dk, shop: Path) -> None:
    dk("init", "transform", "clean", "--runtime", "dbt", "--input", "users")
    made = load(shop).datasets["clean"].spec
    assert {column.name: (column.from_, column.pii) for column in made.columns} == {
        "id": (["users.id"], False),
        "name": (["users.name"], True),
        "email": (["users.email"], True),
        "joined_on": (["users.joined_on"], False),
    }
    model = (shop / "transforms/clean/models/clean.sql").read_text()
    assert model.endswith("from {{ source('warehouse', 'users') }}\n")


def test_outputs_that_are_there_get_a_model_each_in_their_schema(dk: Dk, shop: Path) -> None:
    text = (shop / "dataset/users.yaml").read_text()
    for name in ("users-by-day", "users-by-name"):
        changed = text.replace("name: users\n", f"name: {name}\n").replace(
            "raw.users", f"marts.{name.replace('-', '_')}"
        )
        changed = changed.replace("- name: joined_on", "- name: visits").replace("from: users-csv.joined_on", "")
        (shop / f"dataset/{name}.yaml").write_text(changed)
    words = ["--input", "users", "--output", "users-by-day", "--output", "users-by-name"]
    assert dk("init", "transform", "marts", "--runtime", "dbt", *words).code == 0
    assert dk("validate").code == 0
    model = (shop / "transforms/marts/models/users_by_day.sql").read_text()
    assert model.startswith("{{ config(schema='marts') }}\nselect\n    id,\n")
    assert "cast(null as date) as visits" in model


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["New", "--runtime", "dbt"], "'New' is not a valid name of a manifest"),
        (["new", "--runtime", "dbd"], "invalid choice: 'dbd'"),
        (["new", "--runtime", "dbt", "--input", "user"], "unknown DataSet 'user'\n  fix: did you mean 'users'?"),
        (["new", "--runtime", "dbt", "--input", "users-csv"], "dbt needs a table, and DataSet users-csv is users.csv"),
        (["users", "--runtime", "dbt"], "there is a DataSet 'users' already"),
        (["load-users", "--runtime", "dbt"], "load-users/dk.yaml is there already; nothing was written"),
        (
            ["new", "--runtime", "cloudquery", "--input", "users-csv", "--input", "users", "--output", "users"],
            "these are 2 inputs and 1 outputs",
        ),
    ],
)
def test_a_transform_that_cannot_be_is_refused_and_nothing_is_written(
    dk: Dk, shop: Path, words: list[str], told: str
) -> None:
    before = contents(shop)
    said = dk("init", "transform", *words, *(["--output", "users"] if words[0] == "load-users" else []))
    assert (said.code, said.out) == (2, "")
    assert told in said.err
    assert contents(shop) == before


def test_a_new_transform_lies_where_the_others_do(dk: Dk, shop: Path) -> None:
    (shop / "transforms" / "load-users" / "dk.yaml").rename(shop / "transforms" / "load-users.yaml")
    (shop / "transforms" / "load-users").rmdir()
    assert dk("init", "transform", "clean", "--runtime", "dbt", "--input", "users").code == 0
    assert load(shop).transforms["clean"].spec.settings
    assert (shop / "transforms" / "clean.yaml").is_file()
    assert (shop / "transforms" / "clean" / "dbt_project.yml").is_file()


def test_a_project_without_stores_says_what_is_missing(dk: Dk, tmp_path: Path) -> None:
    said = dk("init", "transform", "new", tmp_path, "--runtime", "dbt")
    assert (said.code, contents(tmp_path)) == (2, {})
    assert "no single Store is a destination for a new DataSet: there is none" in said.err


@pytest.mark.engine
def test_a_new_project_goes_up_and_its_second_up_is_empty(dk: Dk, shop: Path) -> None:
    dk("init", "transform", "clean-users", "--runtime", "dbt", "--input", "users")
    workspace = Workspace(shop, made=True)
    workspace.run("stack", "init", "dev").ok()
    assert workspace.up().ok().operations["Run clean-users"] == "create"
    assert workspace.rows("SELECT count(*) FROM clean_users", ".datakit/dev/warehouse.duckdb") == [(3,)]
    assert workspace.up().ok().operations == {}


@pytest.mark.parametrize("runtime", ["cloudquery", "dbt", "generic-python", "generic-go"])
@pytest.mark.parametrize("mode", ["batch", "streaming"])
def test_a_transform_by_itself_passes_lint_at_once(
    dk: Dk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runtime: str, mode: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert dk("init", "load-users", "--runtime", runtime, "--mode", mode, "--namespace", "team").code == 0
    said = dk("lint", "load-users")
    assert (said.code, said.out.count("warning["), said.out.count("warning[unknown-dataset]")) == (0, 2, 2)
    made = load(tmp_path).transforms["load-users"]
    assert (made.spec.runtime, made.spec.mode, made.metadata.namespace) == (runtime, mode, "team")
    (tmp_path / "transforms").mkdir()
    assert dk("init", "other", "--runtime", runtime, "--output", "json").document["written"][0] == (
        "transforms/other/dk.yaml"
    )


def test_a_transform_of_a_project_has_its_datasets(dk: Dk, shop: Path) -> None:
    assert dk("init", "new", "--runtime", "dbt").code == 0
    assert dk("validate", "--strict").out.endswith("nothing is wrong\n")
    assert dk("init", "new", "--runtime", "dbt").code == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["Load_Users", "--runtime", "dbt"],
            "a lower-case letter, then up to 62 lower-case letters, digits and hyphens",
        ),
        (["x", "--mode", "batch"], "--mode and --namespace are of a Transform"),
        (["x", "--runtime", "dbt", "--name", "shop"], "--name is of a project"),
        (["x", "--runtime", "dbd"], "invalid choice: 'dbd'"),
    ],
)
def test_a_transform_that_cannot_begin_is_refused(
    dk: Dk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    said = dk("init", *words)
    assert (said.code, contents(tmp_path)) == (2, {})
    assert told in said.err
