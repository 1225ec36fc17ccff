"""The lives of Connector, Store, Transform and Run, of sources, and the fingerprints of their data."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb
import pytest

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.state import versioned
from datakit_iac.findings.fault import Fault
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.provider.property_values import UNKNOWN
from datakit_iac.provider.protocol import Properties
from datakit_iac.provider.resource_types.run import RunType
from datakit_iac.technologies.files.factory import Files
from datakit_iac.testing.lifecycle import Lifecycle, OperationError, RefusedError, Subject
from tests.lifecycle.warehouse import PATH, Warehouse

# Connector.


def test_a_connector_lives_and_changes_in_place(lifecycle: Lifecycle) -> None:
    connector = lifecycle.subject("datakit:index:Connector", "duckdb")
    inputs = {"name": "duckdb", "technology": "duckdb", "provider": "datakit"}
    assert connector.up(inputs).kind == "create"
    step = connector.up({**inputs, "version": "1.4.2", "capabilities": ["source"]})
    assert (step.kind, step.changed) == ("update", ("capabilities", "version"))
    assert connector.refresh()
    connector.destroy()


def test_a_connector_of_an_unknown_technology_is_refused(lifecycle: Lifecycle) -> None:
    connector = lifecycle.subject("datakit:index:Connector", "dukdb")
    with pytest.raises(RefusedError, match="technology: no technology 'dukdb' is installed: did you mean 'duckdb'"):
        connector.preview({"name": "dukdb", "technology": "dukdb"})


def test_each_technology_that_a_connectors_stores_are_bound_to_is_held_to_be_installed(lifecycle: Lifecycle) -> None:
    connector = lifecycle.subject("datakit:index:Connector", "lake")
    inputs = {"name": "lake", "technology": "postgres", "technologies": ["duckdb", "files"]}
    assert connector.up(inputs).kind == "create"
    with pytest.raises(RefusedError, match="technologies: no technology 'fils' is installed: did you mean 'files'"):
        connector.preview({**inputs, "technologies": ["duckdb", "fils"]})


# Store.


@pytest.fixture
def store(lifecycle: Lifecycle) -> Subject:
    return lifecycle.subject("datakit:index:Store", "warehouse")


def test_a_preview_of_a_store_makes_nothing(store: Subject, folder: Path) -> None:
    assert store.preview(Warehouse.store).kind == "create"
    assert list(folder.iterdir()) == []


def test_a_store_is_made_and_its_data_stays(store: Subject, folder: Path, lifecycle: Lifecycle) -> None:
    store.up(Warehouse.store)
    assert (store.id, store.outputs) == (f"duckdb:{PATH}", {"location": f"duckdb:{PATH}"})
    store.destroy()
    assert (folder / PATH).is_file()
    assert f"duckdb:{PATH} stays, with all its data" in lifecycle.said()


def test_a_folder_of_files_is_made_where_the_store_says_so(lifecycle: Lifecycle, folder: Path) -> None:
    lake = lifecycle.subject("datakit:index:Store", "lake")
    inputs = {"name": "lake", "technology": "files", "connection": {"path": str(folder / "new/lake")}}
    with pytest.raises(RefusedError, match="not a folder that can be read; make it, or let its Store do so"):
        lake.up(inputs)
    assert lake.up({**inputs, "create": True}).kind == "create"
    assert (folder / "new/lake").is_dir()
    assert lake.refresh()


def test_a_store_that_is_not_to_be_made_must_be_there(store: Subject, folder: Path) -> None:
    with pytest.raises(OperationError, match="there is no DuckDB file"):
        store.up({**Warehouse.store, "create": False})
    assert not (folder / PATH).exists()


def test_a_store_elsewhere_is_another_store(store: Subject, folder: Path) -> None:
    store.up(Warehouse.store)
    step = store.up({**Warehouse.store, "connection": {"path": "other.duckdb"}})
    assert (step.kind, step.replaces) == ("replace", ("connection",))
    assert (folder / PATH).is_file()


def test_a_store_that_keeps_its_place_changes_in_place(store: Subject) -> None:
    store.up(Warehouse.store)
    assert store.up({**Warehouse.store, "connection": {"path": f"./{PATH}"}}).kind == "update"
    assert store.up({**Warehouse.store, "create": True}).kind == "update"


def test_a_store_that_is_gone_is_seen_and_made_again(store: Subject, folder: Path) -> None:
    store.up(Warehouse.store)
    (folder / PATH).unlink()
    assert not store.refresh()
    assert not (folder / PATH).exists()
    assert store.up(Warehouse.store).kind == "create"


def test_a_store_is_imported_by_its_location(store: Subject) -> None:
    store.up(Warehouse.store)
    store.id, store.inputs, store.outputs = "", {}, {}
    assert store.adopt(f"duckdb:{PATH}")
    assert store.inputs == versioned(Warehouse.store)
    assert store.up(Warehouse.store).kind == "same"


@pytest.mark.parametrize("kind", ["Connector", "Transform", "Run"])
def test_what_is_only_recorded_is_not_imported(lifecycle: Lifecycle, kind: str) -> None:
    with pytest.raises(OperationError, match=f"a {kind} is only recorded in the state.*leave load out of the import"):
        lifecycle.subject(f"datakit:index:{kind}", "load").adopt("load")


def test_every_fault_of_a_connection_is_told(store: Subject) -> None:
    with pytest.raises(RefusedError) as refused:
        store.preview({**Warehouse.store, "connection": {"path": "", "pat": 1}, "secrets": {"key": Secret("hunter2")}})
    fields = sorted(reason.partition(":")[0] for reason in refused.value.reasons)
    assert fields == ["connection.pat", "connection.path", "secrets.key"]
    assert "hunter2" not in str(refused.value)


def test_a_connection_that_only_the_update_will_know_can_be_previewed(store: Subject) -> None:
    unknown = {**Warehouse.store, "connection": {"path": UNKNOWN}}
    assert store.preview(unknown).kind == "create"
    store.up(Warehouse.store)
    assert store.preview(unknown).kind == "update"


# Transform.


def test_a_transform_lives_and_changes_in_place(lifecycle: Lifecycle) -> None:
    transform = lifecycle.subject("datakit:index:Transform", "load")
    inputs = {"name": "load", "runtime": "cloudquery", "settings": {}, "outputs": ["users"], "definition": "1"}
    assert transform.up(inputs).kind == "create"
    assert transform.up({**inputs, "definition": "2"}).changed == ("definition",)
    transform.destroy()


def test_what_starts_a_schedule_is_said(lifecycle: Lifecycle) -> None:
    transform = lifecycle.subject("datakit:index:Transform", "load")
    transform.up({"name": "load", "runtime": "dbt", "outputs": ["users"], "schedule": {"cron": "0 5 * * *"}})
    assert "scheduled: 0 5 * * *; `dk scheduler --env dev` starts it, or a CronJob on Kubernetes" in lifecycle.said()


def test_an_unknown_runtime_is_refused(lifecycle: Lifecycle) -> None:
    with pytest.raises(RefusedError, match="runtime: no runtime 'spark' is installed; there are cloudquery, dbt"):
        lifecycle.subject("datakit:index:Transform", "load").preview(
            {"name": "load", "runtime": "spark", "outputs": ["users"]}
        )


# Run: what makes it happen again, and how it says so.


def filled(*columns: str) -> dict[str, Any]:
    """What a Run knows of the DataSet that it fills."""
    schema = [{"name": name, "type": "int"} for name in columns]
    return {"name": "users", "store": Warehouse.store, "table": "raw.users", "schema": schema}


RUN: dict[str, Any] = {
    "transform": "load",
    "runtime": "cloudquery",
    "definition": "d1",
    "tests": "t1",
    "versions": {"raw": "v1", "other": "v1"},
    "generations": {"users": "g1"},
    "outputs": [{**filled("id"), "writers": ["load", "more"]}],
}

CHANGES: dict[str, tuple[dict[str, Any], tuple[str, ...], str]] = {
    "nothing": ({}, (), ""),
    "definition": ({"definition": "d2"}, ("definition",), "re-running: its definition changed"),
    "input": ({"versions": {"raw": "v2", "other": "v1"}}, ("versions",), "re-running: raw changed"),
    "input to come": (
        {"versions": {"raw": UNKNOWN, "other": "v1"}},
        ("versions",),
        "re-running: raw may change",
    ),
    "all inputs to come": ({"versions": UNKNOWN}, ("versions",), "re-running: an input may change"),
    "input left out": ({"versions": {"raw": "v1"}}, ("versions",), "re-running: other is left out"),
    "output": ({"generations": {"users": "g2"}}, ("generations",), "re-running: users is recreated"),
    "several": (
        {"definition": "d2", "versions": {"raw": "v2", "other": UNKNOWN}, "generations": {"users": UNKNOWN}},
        ("definition", "versions", "generations"),
        "re-running: its definition changed, raw changed, other may change, users is recreated",
    ),
    "tests": ({"tests": "t2"}, ("tests",), "re-running tests only"),
    "what tests compare it with": ({"references": {"countries": "v2"}}, ("references",), "re-running tests only"),
    "a writer that is gone": (
        {"generations": {"users": UNKNOWN}, "outputs": [{**filled("id"), "writers": ["load"]}]},
        ("generations",),
        "re-running: more writes users no more",
    ),
    "a column": (
        {
            "definition": "d2",
            "generations": {"users": UNKNOWN},
            "outputs": [{**filled("id", "age"), "writers": ["load", "more"]}],
        },
        ("definition", "generations"),
        "re-running: its definition changed, column age of users is added",
    ),
    "settings alone": ({"settings": {"a": 1}, "timeout": 5, "context": [{}]}, (), ""),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_run_happens_again_for_these_reasons_only(lifecycle: Lifecycle, case: str) -> None:
    more, changed, _ = CHANGES[case]
    assert tuple(RunType().diff(RUN, {**RUN, **more}, {}).changed) == changed


@pytest.mark.parametrize("case", [case for case in CHANGES if CHANGES[case][1]])
def test_a_preview_says_why_a_run_happens_again(
    lifecycle: Lifecycle, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    def sound(_: RunType, old: Properties, new: Properties, call: object) -> list[Any]:
        return []

    monkeypatch.setattr(RunType, "check", sound)
    run = lifecycle.subject("datakit:index:Run", "load")
    run.id, run.inputs, run.outputs = "load", RUN, {"written": {}, "counts": {}}
    more, _, expected = CHANGES[case]
    run.preview({**RUN, **more})
    assert lifecycle.said() == expected


def test_a_run_whose_last_did_not_end_well_is_updated(lifecycle: Lifecycle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RunType, "check", lambda *_: [])
    run = lifecycle.subject("datakit:index:Run", "load")
    run.id, run.inputs, run.outputs, run.failed = "load", RUN, {"incomplete": True}, True
    assert run.preview(RUN).kind == "update"
    assert lifecycle.said() == "re-running: the previous run failed"


def test_a_run_that_did_not_end_well_differs_though_a_refresh_let_the_engine_forget_it() -> None:
    assert tuple(RunType().diff(RUN, RUN, {"incomplete": True}).changed) == ("written",)
    assert RunType().diff(RUN, RUN, {"written": {}}).changed == {}


def test_a_run_of_an_unknown_runtime_is_refused(lifecycle: Lifecycle) -> None:
    with pytest.raises(RefusedError, match="runtime: no runtime 'spark' is installed"):
        lifecycle.subject("datakit:index:Run", "load").preview({**RUN, "runtime": "spark"})


# Sources, and what their data is.


@pytest.fixture
def source(folder: Path) -> dict[str, Any]:
    """The inputs of a DataSet of files that nobody here makes."""
    (folder / "data").mkdir()
    (folder / "data" / "users.csv").write_text("1,ann")
    files = {"name": "lake", "technology": "files", "connection": {"path": "data"}}
    return {"name": "raw", "store": files, "prefix": "users.csv", "external": True}


def test_a_source_is_found_and_never_touched(lifecycle: Lifecycle, source: dict[str, Any], folder: Path) -> None:
    raw = lifecycle.subject("datakit:index:DataSet", "raw")
    assert raw.up(source).kind == "create"
    assert raw.up({**source, "description": "Raw."}).kind == "update"
    assert raw.refresh()
    raw.destroy()
    assert [path.name for path in (folder / "data").iterdir()] == ["users.csv"]


def test_a_source_that_is_not_there_fails_the_preview(
    lifecycle: Lifecycle, source: dict[str, Any], folder: Path
) -> None:
    (folder / "data" / "users.csv").unlink()
    with pytest.raises(OperationError, match=r"source raw: there is no files:data#users\.csv; put it there"):
        lifecycle.subject("datakit:index:DataSet", "raw").preview(source)


def test_a_source_whose_store_is_gone_fails_the_preview(lifecycle: Lifecycle, source: dict[str, Any]) -> None:
    source["store"] = {**source["store"], "connection": {"path": "nowhere"}}
    with pytest.raises(OperationError, match="source raw: there is no folder"):
        lifecycle.subject("datakit:index:DataSet", "raw").preview(source)


@pytest.fixture
def theirs(folder: Path) -> dict[str, Any]:
    """The inputs of a DataSet of a table that nobody here makes."""
    with duckdb.connect("theirs.duckdb") as database:
        database.execute("CREATE TABLE users (id INTEGER, name VARCHAR); INSERT INTO users VALUES (1, NULL)")
    store = {"name": "theirs", "technology": "duckdb", "connection": {"path": "theirs.duckdb"}}
    return {"name": "users", "store": store, "table": "users", "external": True}


INTEGER, TEXT = {"name": "ID", "type": "int"}, {"name": "name", "type": "text"}
UNKEPT = {
    "a missing column": ([INTEGER, {"name": "age", "type": "int"}], "column age is missing"),
    "a narrower type": ([{"name": "id", "type": "smallint"}], "column id is integer; the contract says smallint"),
    "another type": ([INTEGER, {"name": "name", "type": "date"}], "column name is string; the contract says date"),
    "a value that is not there": ([{**TEXT, "nullable": False}], "not_null(name): 1 row without a value"),
}


@pytest.mark.parametrize("case", UNKEPT)
def test_an_external_table_that_is_not_as_declared_is_told_of(
    lifecycle: Lifecycle, theirs: dict[str, Any], case: str
) -> None:
    schema, expected = UNKEPT[case]
    users, inputs = lifecycle.subject("datakit:index:DataSet", "users"), {**theirs, "schema": schema}
    for act in (users.preview, users.up):
        with pytest.raises(OperationError, match=re.escape(f"source users: users is not as declared: {expected}")):
            act(inputs)
    users.up(theirs)
    for act in (users.preview, users.up):
        with pytest.raises(OperationError, match="is not as declared"):
            act(inputs)
    for preview in (True, False):
        with pytest.raises(OperationError, match="is not as declared"):
            lifecycle.invoke("datakit:index:fingerprint", inputs, preview=preview)


def test_an_external_table_may_hold_more_and_less_than_its_contract_allows(
    lifecycle: Lifecycle, theirs: dict[str, Any]
) -> None:
    schema = [{"name": "id", "type": "bigint", "nullable": False}]
    lifecycle.subject("datakit:index:DataSet", "users").up({**theirs, "schema": schema})
    assert lifecycle.invoke("datakit:index:fingerprint", {**theirs, "schema": schema})["version"]


def test_the_fingerprint_changes_with_names_and_types_and_not_with_the_order_of_columns(
    lifecycle: Lifecycle, theirs: dict[str, Any]
) -> None:
    def version(*columns: dict[str, Any]) -> object:
        return lifecycle.invoke("datakit:index:fingerprint", {**theirs, "schema": list(columns)})["version"]

    before = version(INTEGER, TEXT)
    assert version(TEXT, INTEGER) == before
    before = version()
    for change in ("RENAME id TO number", "ALTER number TYPE BIGINT", "ALTER number TYPE DECIMAL(10,2)"):
        with duckdb.connect("theirs.duckdb") as database:
            database.execute(f"ALTER TABLE users {change}")
        after = version()
        assert before != after
        before = after


def test_the_fingerprint_changes_with_the_data(lifecycle: Lifecycle, source: dict[str, Any], folder: Path) -> None:
    def version() -> object:
        return lifecycle.invoke("datakit:index:fingerprint", source)["version"]

    before = version()
    assert version() == before
    (folder / "data" / "users.csv").write_text("1,ann\n2,bob")
    assert version() != before


def test_there_is_no_fingerprint_of_nothing(lifecycle: Lifecycle, source: dict[str, Any], folder: Path) -> None:
    (folder / "data" / "users.csv").unlink()
    with pytest.raises(OperationError, match=r"source raw: there is no users\.csv in files:data; put it there"):
        lifecycle.invoke("datakit:index:fingerprint", source)
    told = lifecycle.invoke("datakit:index:fingerprint", {**source, "tellsFault": True})
    assert told == {"fault": "source raw: there is no users.csv in files:data; put it there"}


def test_a_preview_that_cannot_ask_for_a_fingerprint_leaves_it_unknown(
    lifecycle: Lifecycle, source: dict[str, Any], folder: Path
) -> None:
    (folder / "no.duckdb").write_text("no database " * 1000)
    store = {"name": "w", "technology": "duckdb", "connection": {"path": "no.duckdb"}}
    arguments = {"name": "raw", "store": store, "table": "raw"}
    assert lifecycle.invoke("datakit:index:fingerprint", arguments, preview=True) == {}
    with pytest.raises(OperationError, match="cannot be opened as a DuckDB file"):
        lifecycle.invoke("datakit:index:fingerprint", arguments)


# Secrets of a Store, as the SDK sends them: each by itself, or all in one.


@pytest.mark.parametrize(
    "secrets", [{"key": Secret("hunter2")}, Secret({"key": "hunter2"})], ids=["each", "as a whole"]
)
def test_a_secret_reaches_the_driver_and_nobody_else(
    lifecycle: Lifecycle, monkeypatch: pytest.MonkeyPatch, source: dict[str, Any], secrets: object
) -> None:
    seen = list[str]()

    def check(_: Files, connection: Connection, *, create: bool) -> list[Fault]:
        seen.extend(secret.reveal() for secret in connection.secrets.values())
        said = (f"rejected {secret.reveal()}" for secret in connection.secrets.values())
        return [Fault("invalid-connection", (), each) for each in said]

    monkeypatch.setattr(Files, "check", check)
    inputs = {**source["store"], "secrets": secrets}
    with pytest.raises(RefusedError, match=r"^connection: rejected \[secret\]$"):
        lifecycle.subject("datakit:index:Store", "lake").preview(inputs)
    assert seen == ["hunter2"]


def test_a_rotated_secret_changes_a_store_in_place(lifecycle: Lifecycle, source: dict[str, Any]) -> None:
    lake = lifecycle.subject("datakit:index:Store", "lake")
    lake.up({**source["store"], "secrets": {"key": Secret("old")}})
    step = lake.up({**source["store"], "secrets": {"key": Secret("new")}})
    assert (step.kind, step.changed) == ("update", ("secrets",))
    raw = lifecycle.subject("datakit:index:DataSet", "raw")
    raw.up({**source, "store": {**source["store"], "secrets": {"key": Secret("old")}}})
    assert raw.up({**source, "store": {**source["store"], "secrets": {"key": Secret("new")}}}).kind != "replace"
