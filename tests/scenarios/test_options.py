"""What Pulumi's resource options do here, for each type of resource; `docs/platform-in-python.md` has the table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.workspace import Workspace

PROGRAM = """\
import pulumi
from pulumi import Alias, CustomTimeouts
from pulumi import ResourceOptions as Options
from datakit_iac import Column, Connector, DataSet, Run, Store, Transform

{before}
connector = Connector("{connector}", technology="duckdb", version="{version}", opts=Options({for_connector}))
warehouse = Store("{store}", technology="duckdb", connection={{"path": "{path}"}}, opts=Options({for_store}))
inbox = Store("inbox", technology="files", connection={{"path": "inbox"}})
raw = DataSet("raw", store=inbox, prefix="users.csv", format="csv", external=True)
users = DataSet(
    "{dataset}", store=warehouse, table="{table}", schema=[Column(name="id", type="integer"){columns}],
    description="{description}", writers={writers}, deletion="{deletion}", opts=Options({for_dataset}),
)
load = Transform(
    "{transform}", runtime="cloudquery", inputs=[raw], outputs=[users], settings={settings},
    opts=Options({for_transform}),
)
run = Run("{run}", transform=load, opts=Options({for_run}))
"""
PLAIN: dict[str, Any] = {
    "before": "",
    "connector": "duckdb",
    "version": "1.0.0",
    "store": "warehouse",
    "path": "warehouse.duckdb",
    "dataset": "users",
    "table": "raw.users",
    "columns": "",
    "description": "",
    "writers": None,
    "deletion": "retain",
    "transform": "load",
    "settings": {},
    "run": "load",
}
KINDS = ("connector", "store", "dataset", "transform", "run")
ALL = {"Connector duckdb", "Store warehouse", "DataSet users", "Transform load", "Run load"}
FILE = "warehouse.duckdb"


class Program:
    """A program of one resource of each type and what it needs, with options."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def declares(self, options: str | Mapping[str, str] = "", **changes: Any) -> Workspace:
        """Write the program: with the same options for each type, or with those of some."""
        given = dict.fromkeys(KINDS, options) if isinstance(options, str) else options
        told = {f"for_{kind}": given.get(kind, "") for kind in KINDS}
        self.workspace.write("__main__.py", PROGRAM.format(**{**PLAIN, **told, **changes}))
        return self.workspace

    def is_up(self, options: str | Mapping[str, str] = "", **changes: Any) -> Mapping[str, str]:
        """What applying it does, by resource."""
        return self.declares(options, **changes).up("--skip-preview").ok().operations

    def rows(self) -> list[tuple[Any, ...]]:
        """The identifiers in the table, and who signed their rows."""
        return self.workspace.rows("SELECT id, _cq_source_name FROM raw.users ORDER BY id", FILE)

    def state(self) -> Mapping[str, Mapping[str, Any]]:
        """What the stack knows of each resource, by type and name."""
        exported = json.loads(self.workspace.run("stack", "export", "--stack", "dev").ok().text)
        urns = {each["urn"].rpartition(":index:")[2]: each for each in exported["deployment"].get("resources", ())}
        return {urn.replace("::", " "): each for urn, each in urns.items()}

    def is_gone(self) -> Mapping[str, str]:
        """What a program without any resource does."""
        self.workspace.write("__main__.py", "")
        return self.workspace.up("--skip-preview").ok().operations


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """Applied once for all tests."""
    made = Program(Workspace(tmp_path_factory.mktemp("options")))
    made.workspace.write("inbox/users.csv", "id\n1\n")
    made.is_up()
    return made


@pytest.fixture
def program(begun: Program, tmp_path: Path) -> Program:
    """A copy of it."""
    return Program(begun.workspace.copied(tmp_path / "copy"))


RENAMED = {"connector": "duck", "store": "home", "dataset": "people", "transform": "fetch", "run": "fetch"}
URNS = {
    "connector": "Connector::duckdb",
    "store": "Store::warehouse",
    "dataset": "DataSet::users",
    "transform": "Transform::load",
    "run": "Run::load",
}


@pytest.mark.parametrize(("way", "is_told"), [("aliases", True), ("state rename", False)])
def test_a_renamed_resource_stays_what_it_is(program: Program, way: str, is_told: bool) -> None:
    writers: dict[str, Any] = {"writers": ["load"]} if is_told else {}
    assert program.is_up(**writers) == {}
    options: Mapping[str, str] = {kind: f"aliases=[Alias(name='{PLAIN[kind]}')]" for kind in KINDS}
    if way == "state rename":
        options = {}
        for kind, urn in URNS.items():
            renamed = (f"urn:pulumi:dev::shop::datakit:index:{urn}", RENAMED[kind], "--stack", "dev", "--yes")
            program.workspace.run("state", "rename", *renamed).ok()
    after: dict[str, Any] = {**RENAMED, **({"writers": ["fetch"]} if is_told else {})}
    assert {*program.is_up(options, **after).values()} == {"update"}
    assert program.rows() == [(1, "fetch" if is_told else "load")]
    program.workspace.write("inbox/users.csv", "id\n2\n")
    assert program.is_up(**after) == {"Run fetch": "update"}
    assert program.rows() == [(2, "fetch" if is_told else "load")]


def test_what_is_protected_or_retained_stays(program: Program) -> None:
    assert program.is_up("protect=True") == {}
    assert "cannot be deleted" in program.workspace.destroy().failed().text
    program.workspace.write("__main__.py", "")
    assert "cannot be deleted" in program.workspace.up("--skip-preview").failed().text
    assert {*program.state()} >= ALL

    assert program.is_up("retain_on_delete=True, depends_on=[]", deletion="delete") == {}
    assert {program.state()[each]["retainOnDelete"] for each in ALL} == {True}
    assert {*program.is_gone()} >= ALL
    assert program.rows() == [(1, "load")]

    asked = {"store": f"import_='duckdb:{FILE}'", "dataset": f"import_='duckdb:{FILE}#raw.users'"}
    done = program.is_up(asked, deletion="delete")
    assert (done["Store warehouse"], done["DataSet users"], done["Run load"]) == ("import", "import", "create")
    assert program.is_up({**asked, "dataset": "deleted_with=warehouse"}, deletion="delete") == {}
    assert {*program.is_gone()} >= ALL
    assert program.rows() == [(1, "load")]
    told = program.declares({"connector": "import_='duckdb'"}).up("--skip-preview").failed().text
    assert "a Connector is only recorded in the state, so there is nothing to import" in told


def test_changes_that_are_ignored_and_changes_that_replace(program: Program) -> None:
    ignored = {
        "connector": "ignore_changes=['version']",
        "dataset": "ignore_changes=['description']",
        "transform": "ignore_changes=['settings', 'definition']",
        "run": "ignore_changes=['settings', 'definition']",
    }
    changes: dict[str, Any] = {"version": "2.0.0", "description": "Again.", "settings": {"writeMode": "append"}}
    assert program.is_up(ignored, **changes) == {}
    assert program.rows() == [(1, "load")]

    before = {kind: options.replace("ignore_changes", "replace_on_changes") for kind, options in ignored.items()}
    before["run"] = "replace_on_changes=['generations']"
    changes["settings"] = {"writeMode": "overwrite-delete-stale"}
    done = program.is_up(before, **changes)
    assert done == dict.fromkeys(ALL - {"Store warehouse"}, "delete-replaced")
    assert program.rows() == [(1, "load")]
    assert program.is_up(before, **changes) == {}

    moved = {"dataset": "delete_before_replace=True"}
    assert program.is_up(moved, **{**changes, "table": "raw.people"})["DataSet users"] == "create-replacement"
    assert program.workspace.rows("SELECT id FROM raw.people", FILE) == [(1,)]
    assert program.rows() == [(1, "load")]  # this program retains data


def test_a_store_whose_change_is_ignored_or_replaces_it_keeps_its_data(program: Program) -> None:
    elsewhere = {"path": "./warehouse.duckdb"}
    told = program.is_up({"store": "ignore_changes=['connection']"}, **elsewhere)
    assert told == {"DataSet users": "update"}
    assert program.state()["Store warehouse"]["inputs"]["connection"] == {"path": FILE}
    done = program.is_up({"store": "replace_on_changes=['connection']"}, **elsewhere)
    assert done["Store warehouse"] == "delete-replaced"
    assert program.rows() == [(1, "load")]
    assert program.is_up({"store": "replace_on_changes=['connection']"}, **elsewhere) == {}


def test_what_is_imported_is_then_changed_as_the_program_says(program: Program) -> None:
    program.is_gone()
    asked = {"store": f"import_='duckdb:{FILE}'", "dataset": f"import_='duckdb:{FILE}#raw.users'"}
    program.declares(asked, description="Again.").up("--skip-preview").ok()
    comments = program.workspace.rows("SELECT comment FROM duckdb_tables()", FILE)
    assert [comment.startswith("Again.") for (comment,) in comments] == [True]
    assert program.is_up(asked, description="Again.") == {}


def test_what_is_deleted_before_it_is_replaced_goes_into_the_trash(program: Program) -> None:
    moved = {"dataset": "delete_before_replace=True"}
    assert program.is_up(moved, deletion="delete") == {}
    program.is_up(moved, deletion="delete", table="raw.people")
    assert program.workspace.rows("SELECT id FROM raw.people", FILE) == [(1,)]
    names = [name for (name,) in program.workspace.rows("SELECT table_name FROM duckdb_tables() ORDER BY 1", FILE)]
    assert (names[0], names[1].startswith("users__trash_"), len(names)) == ("people", True, 2)


def test_each_type_comes_after_what_it_depends_on(program: Program) -> None:
    first = {"before": "first = Connector('first', technology='duckdb')"}
    assert program.is_up("depends_on=[first]", **first) == {"Connector first": "create"}
    dependencies = [program.state()[each]["dependencies"] for each in ALL]
    assert all(any(urn.endswith("::first") for urn in each) for each in dependencies)


def test_a_run_is_told_the_schema_whose_changes_are_ignored(program: Program) -> None:
    ignored = {"dataset": "ignore_changes=['schema']"}
    column = {"columns": ", Column(name='age', type='integer')"}
    program.workspace.write("inbox/users.csv", "id,age\n2,7\n")
    assert program.is_up(ignored, **column) == {"Transform load": "update", "Run load": "update"}
    assert program.workspace.rows("SELECT id, age FROM raw.users", FILE) == [(2, 7)]
    assert [each["name"] for each in program.state()["DataSet users"]["inputs"]["schema"]] == ["id"]


def test_no_run_fills_a_place_that_its_dataset_does_not_move_to(program: Program) -> None:
    moved = program.declares({"dataset": "ignore_changes=['table']"}, table="raw.people")
    told = f"outputs: users is in duckdb:{FILE}#raw.users, and the program says duckdb:{FILE}#raw.people; "
    for attempt in (moved.preview(), moved.up("--skip-preview")):
        assert told in attempt.failed().text
    assert program.workspace.rows("SELECT table_name FROM duckdb_tables()", FILE) == [("users",)]


def test_custom_timeouts_end_what_takes_longer(program: Program) -> None:
    short = "custom_timeouts=CustomTimeouts(create='200ms', update='200ms', delete='5m')"
    program.workspace.write("inbox/users.csv", "id\n2\n")
    told = program.declares(short).up("--skip-preview").failed().text
    assert "Transform load: stopped: it took longer than the 0.2 seconds of its customTimeouts" in told
    assert program.rows() == [(1, "load")]
    assert program.is_up() == {"Run load": "update"}
    assert program.rows() == [(2, "load")]


def test_a_provider_of_its_own_changes_nothing(program: Program) -> None:
    mine = {"before": "mine = pulumi.ProviderResource('datakit', 'mine', {})"}
    assert program.is_up("provider=mine", **mine) == {}
    assert {program.state()[each]["provider"].split("::")[-2] for each in ALL} == {"mine"}
    assert program.workspace.preview().ok().operations == {}
    assert program.is_up() == {}


def test_some_resources_are_updated_and_others_left_out(program: Program) -> None:
    program.workspace.write("inbox/users.csv", "id\n2\n")
    changed = program.declares(description="Again.", version="2.0.0")
    assert changed.preview("--target", "**DataSet::users").ok().operations == {"DataSet users": "update"}
    assert changed.up("--skip-preview", "--target", "**DataSet::users").ok().operations == {"DataSet users": "update"}
    left = changed.up("--skip-preview", "--exclude", "**Run::load").ok().operations
    assert left == {"Connector duckdb": "update"}
    assert program.rows() == [(1, "load")]
    assert changed.up("--skip-preview").ok().operations == {"Run load": "update"}
    assert program.rows() == [(2, "load")]


def test_a_platform_hands_on_what_its_resources_inherit(filled: Workspace) -> None:
    filled.write(
        "__main__.py",
        """\
        import pulumi
        from datakit_iac import Connector, Platform

        mine = pulumi.ProviderResource("datakit", "mine", {})
        first = Connector("first", technology="duckdb", version="1.0.0")
        Platform("shop", project="project", opts=pulumi.ResourceOptions(
            protect=True, retain_on_delete=True, providers=[mine], depends_on=[first], ignore_changes=["schema"],
            aliases=[pulumi.Alias(name="platform")], custom_timeouts=pulumi.CustomTimeouts(create="1s"),
        ))
        """,
    )
    assert filled.up("--skip-preview").ok().operations == {"Connector first": "create"}
    exported = json.loads(filled.run("stack", "export", "--stack", "dev").ok().text)["deployment"]["resources"]
    (users,) = [each for each in exported if each["urn"].endswith("Platform$datakit:index:DataSet::users")]
    assert (users["protect"], users["retainOnDelete"], users["provider"].split("::")[-2]) == (True, True, "mine")
    assert {"ignoreChanges", "customTimeouts"}.isdisjoint(users)
    assert not [each for each in users["dependencies"] if each.endswith("::first")]
