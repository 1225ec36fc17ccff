"""Arguments of resources in Python: in whatever form, in whatever order; each wrong one is reported, and where."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi import Output
from pulumi.runtime import mocks

from datakit_iac import Column, Connector, Consent, DataSet, Platform, Run, Store, Test, Transform
from tests.resources.samples import further
from tests.resources.test_package_schema import Recorded


def run(program: Callable[[], Any]) -> dict[str, dict[str, Any]]:
    """The inputs of each resource that a program declares, by name."""
    seen: dict[str, dict[str, Any]] = {}

    class Named(Recorded):
        def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
            made = super().new_resource(args)
            made[1]["written"] = {"users": f"by {args.name}"}
            seen[f"{args.typ.rpartition(':')[2]} {args.name}"] = self.resources[args.typ]
            return made

    async def declared() -> None:
        program()

    mocks.set_mocks(Named(), preview=False)
    try:
        mocks.test(declared)()  # type: ignore[no-untyped-call]
    finally:
        pulumi.runtime.settings.reset_options()
    return seen


def refused(make: Callable[[Store], Any]) -> list[str]:
    """What a resource says is wrong with it: each line without the place."""
    told: list[str] = []

    def program() -> None:
        store = Store("warehouse", technology="duckdb", connection={"path": "w.duckdb"})
        with pytest.raises(ValueError, match="is invalid") as error:
            make(store)
        first, *lines = str(error.value).splitlines()
        assert f"{Path(__file__).name}:" in first
        told.extend(line.strip() for line in lines)

    run(program)
    return told


def wrong(value: Any) -> Any:
    """What type checkers would refuse already."""
    return value


def users(store: Any, **more: Any) -> DataSet:
    return DataSet("users", **{"store": store, "table": "users", "schema": [Column(name="id", type="bigint")], **more})


# In whatever form.

FORMS: dict[str, list[Any]] = {
    "classes": [
        Column(name="id", type="int", primary_key=True, from_="raw.id", tests=[Test(unique=True), "not_null"]),
        Column(name="at", type="timestamp", tests=[Test(accepted_values={"values": ["x"]})]),
    ],
    "mappings of Python": [
        {"name": "id", "type": "int", "primary_key": True, "from_": "raw.id", "tests": [{"unique": True}, "not_null"]},
        {"name": "at", "type": "timestamp", "tests": [{"accepted_values": {"values": ["x"]}}]},
    ],
    "mappings of manifests": [
        {"name": "id", "type": "int", "primaryKey": True, "from": ["raw.id"], "tests": ["unique", "not_null"]},
        {"name": "at", "type": "timestamp", "tests": [{"accepted_values": {"values": ["x"]}}]},
    ],
}


def test_classes_and_mappings_say_the_same() -> None:
    sent = []
    for schema in FORMS.values():

        def program(schema: Any = schema) -> None:
            store = Store("warehouse", technology="duckdb", connection={"path": "w.duckdb"})
            expires = date(2030, 1, 1)
            consents: Any = [Consent(object="table", reason="r", expires=expires)]
            users(store, schema=schema, consents=consents, tests=[Test(freshness={"column": "at", "max_age": "1d"})])

        sent.append(run(program)["DataSet users"])
    assert sent[0] == sent[1] == sent[2]
    assert sent[0]["schema"][0]["primaryKey"] is True
    assert sent[0]["consents"][0]["expires"] == "2030-01-01"
    assert sent[0]["tests"] == [{"freshness": {"column": "at", "maxAge": "1d"}}]


EXACT = [
    Column(name="id", type="integer", primary_key=True, from_=["raw.id"], tests=[Test(unique=True)]),
    Column(name="at", type="timestamp", tests=[Test(accepted_values={"values": ["x"]})]),
]
"""As the state spells it; an output is written as it comes."""


def test_whatever_makes_a_list_is_one() -> None:
    def program() -> None:
        store = Store("warehouse", technology="duckdb", connection={"path": Path("w.duckdb")})
        schema: Any = (Column(name=name, type="int") for name in ("b", "a"))
        made = {"users": users(store, schema=schema, downstream={"y", "x"}, owner=None)}
        Transform("load", runtime="cloudquery", inputs=wrong(None), outputs=wrong(made.values()))

    sent = run(program)
    assert [each["name"] for each in sent["DataSet users"]["schema"]] == ["b", "a"]
    assert sent["DataSet users"]["downstream"] == ["x", "y"]
    assert sent["DataSet users"]["store"]["connection"] == {"path": "w.duckdb"}
    assert sent["Transform load"]["outputs"] == ["users"]


def wrapped(value: Any) -> Any:
    """A value every part of which is an output, but the names of mappings."""
    match value:
        case dict():
            return Output.from_input({key: wrapped(each) for key, each in value.items()})
        case list():
            return Output.from_input([wrapped(each) for each in value])
        case Column() | Test() | Consent():
            return type(value)(**{key: wrapped(each) for key, each in value.given[1].items()})
    return Output.from_input(value)


async def awaited(value: Any) -> Any:
    return value


FURTHER = further(
    [
        *("table", "prefix", "topic", "format", "schema", "description", "classification", "tier", "owner", "tests"),
        *("retention", "external", "deletion", "downstream", "consents", "manifest", "writers", "previous_names"),
        "reader",
    ]
)
MADE: dict[str, Callable[[Any, Any, Any], Any]] = {
    "Connector": lambda of, store, users: Connector(
        "duckdb", technology=of("duckdb"), technologies=of(["duckdb"]), version=of("1.4.2"), protocol=of("file"),
        provider=of("datakit"), capabilities=of(["source"]),
    ),
    "Store": lambda of, store, users: Store(
        "lake", technology=of("duckdb"), connection=of({"path": "x"}), secrets=of({"key": "hunter2"}), create=of(True)
    ),
    "DataSet": lambda of, store, users: DataSet(
        "made", store=of(store), table=of("raw.users"), format=of("table"), schema=of(EXACT),
        description=of("All."), classification=of("internal"), tier=of("gold"), owner=of("ann"), retention=of("90d"),
        tests=of([Test(sql="SELECT 1")]), external=of(True), deletion=of("delete"), downstream=of(["load"]),
        consents=of([Consent(object="table", reason="r", expires=date(2030, 1, 1))]), manifest=of("u:1:1"),
        writers=of(["load"]), previous_names=[of("people")], reader=of({"delimiter": ";"}),
        **{name: of(value) for name, value in FURTHER.items()},
    ),
    "Transform": lambda of, store, users: Transform(
        "load", runtime=of("cloudquery"), inputs=of([users]), outputs=of([users]), settings=of({"writeMode": "append"}),
        context=of([users]), references=of([users]), schedule=of({"cron": "0 5 * * *"}), timeout=of(60),
        image=of("ghcr.io/acme/load:1.4.2"), command=of(["load"]), retries=of(2),
        resources=of({"limits": {"cpu": "1"}}),
        env=of({"REGION": "eu"}), approved=of(False), deployment=of("d1"), history=of(store),
        plugins=of({"warehouse": {"source": {"registry": "grpc", "path": "localhost:7777"}}}),
    ),
    "Run": lambda of, store, users: Run(
        "load", quotas=of({"concurrent_runs": 2}), executor=of({"type": "local"}), history=of(store),
        transform=of(Transform("load", runtime="cloudquery", inputs=[users], outputs=[users], env={"REGION": "eu"})),
    ),
}  # fmt: skip


NAMED = {"Connector": "duckdb", "Store": "lake", "DataSet": "made", "Transform": "load", "Run": "load"}


@pytest.mark.parametrize("kind", MADE)
@pytest.mark.parametrize("form", [Output.from_input, wrapped, awaited])
def test_an_output_says_what_its_value_says(kind: str, form: Callable[[Any], Any]) -> None:
    def sent(of: Callable[[Any], Any]) -> dict[str, Any]:
        def program() -> None:
            store = Store("warehouse", technology="duckdb", connection={"path": "w.duckdb"})
            MADE[kind](of, store, users(store))

        return run(program)[f"{kind} {NAMED[kind]}"]

    assert sent(form) == sent(lambda value: value)


def test_every_argument_is_tried() -> None:
    for kind in (Connector, Store, DataSet, Transform, Run):
        made = inspect.getsource(sys.modules[__name__]).partition("MADE:")[2]
        names = inspect.signature(kind).parameters.keys() - {"resource_name", "opts", "prefix", "topic", "partition_by"}
        missing = {name for name in names if f"{name}=of(" not in made and f"{name}=[of(" not in made}
        assert missing == (set(FURTHER) if kind is DataSet else set())


# In whatever order.


def test_a_run_may_be_declared_before_those_that_write_what_it_reads() -> None:
    def program() -> None:
        store = Store("warehouse", technology="duckdb", connection={"path": "w.duckdb"})
        raw, made = users(store), DataSet("made", store=store, table="made", schema=[Column(name="id", type="int")])
        Run("second", transform=Transform("second", runtime="cloudquery", inputs=[raw], outputs=[made]))
        Run(
            "first", transform=Transform("first", runtime="cloudquery", inputs=[made], outputs=Output.from_input([raw]))
        )

    with pytest.raises(pulumi.RunError, match="Run second is invalid") as error:
        run(program)
    assert "waits for itself: second → first → second" in str(error.value)

    def right() -> None:
        store = Store("warehouse", technology="duckdb", connection={"path": "w.duckdb"})
        raw, made = users(store), DataSet("made", store=store, table="made", schema=[Column(name="id", type="int")])
        Run("second", transform=Transform("second", runtime="cloudquery", inputs=[raw], outputs=[made]))
        Run("first", transform=Transform("first", runtime="cloudquery", outputs=Output.from_input([raw])))

    assert run(right)["Run second"]["versions"] == {"users": "by first"}


def test_the_version_of_what_several_runs_write_is_the_same_in_any_order() -> None:
    def program(names: list[str]) -> None:
        store = Store("warehouse", technology="duckdb", connection={"path": "w.duckdb"})
        raw, made = users(store), DataSet("made", store=store, table="made", schema=[Column(name="id", type="int")])
        for name in names:
            inputs = [raw] if name == "reader" else []
            Run(name, transform=Transform(name, runtime="cloudquery", inputs=inputs, outputs=[made if inputs else raw]))

    orders = (["a", "b", "reader"], ["reader", "b", "a"], ["b", "reader", "a"])
    told = [run(partial(program, names))["Run reader"]["versions"] for names in orders]
    assert told[0] == told[1] == told[2] != {"users": "by a"}


def test_a_run_that_comes_too_late_is_refused() -> None:
    def program() -> None:
        store = Store("warehouse", technology="duckdb", connection={"path": "w.duckdb"})
        raw, made = users(store), DataSet("made", store=store, table="made", schema=[Column(name="id", type="int")])
        Run("second", transform=Transform("second", runtime="cloudquery", inputs=[raw], outputs=[made]))
        first = Transform("first", runtime="cloudquery", outputs=[raw])
        made.urn.apply(lambda _: Run("first", transform=first))

    with pytest.raises(pulumi.RunError, match="Run first writes DataSet users, whose version was asked for before"):
        run(program)


# Wrong.


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda store: users("warehouse"), "store: expected a Store itself, as Store('warehouse', …) makes it"),
        (lambda store: users(store, stroe=store), "stroe: unknown argument; did you mean 'store'?"),
        (lambda store: users(store, table=store), "table: expected text; found a Store"),
        (lambda store: users(store, table=7), "table: expected text"),
        (lambda store: users(store, downstream=store), "downstream: expected a list; found a Store"),
        (lambda store: users(store, classification=object()), "classification: expected 'public', 'internal'"),
        (lambda store: users(store, opts={"protect": True}), "opts: expected pulumi.ResourceOptions; found a mapping"),
        (
            lambda store: users(store, previous_names=Output.from_input(["x"])),
            "previous_names: expected a list, whose items may be outputs; found an output",
        ),
        (
            lambda store: users(store, schema=[wrong(Column)(name="id", type="intger")]),
            "schema[0].type: 'intger' is not a type; expected one of boolean",
        ),
        (
            lambda store: users(store, schema=[wrong(Column)(name="id", type="int", primray_key=True)]),
            "schema[0].primray_key: unknown property 'primray_key'; did you mean 'primary_key'?",
        ),
        (
            lambda store: users(store, schema=[{"name": "id", "type": "int", "primary_key": 1}]),
            "schema[0].primary_key: expected true or false",
        ),
        (
            lambda store: users(store, schema=[{"primaryKey": True, "primary_key": True}]),
            "schema[0].primary_key: is said twice: as primaryKey and as primary_key",
        ),
        (
            lambda store: users(store, schema=[wrong(Column)("id", type="int")]),
            "schema[0]: expected each by its name, as in Column(…=…)",
        ),
        (
            lambda store: users(
                store, schema=[Column(name="id", type="int", tests=[wrong(Test)(row_count={"mni": 1})])]
            ),
            "schema[0].tests[0].row_count.mni: unknown property 'mni'; did you mean 'min'?",
        ),
        (
            lambda store: users(store, consents=[Consent(object="table", reason="r", expires="soon")]),
            "consents[0].expires: 'soon' is not a day; expected one such as 2024-01-31",
        ),
        (
            lambda store: users(store, description=Output.from_input("x"), tier="Gold"),
            "tier: expected 'bronze', 'silver' or 'gold'; did you mean 'gold'?",
        ),
        (
            lambda store: wrong(DataSet)("users", store, table="u"),
            "arguments: expected each by its name, as in DataSet(",
        ),
        (lambda store: wrong(DataSet)(7, store=store, table="u"), "name: expected text; found 7"),
        (lambda store: wrong(DataSet)(store=store, table="u"), "name: expected text; found nothing"),
        (lambda store: Store("x", technology="dukdb", connection={}), "technology: no technology 'dukdb' is installed"),
        (lambda store: wrong(Store)("x", technology="duckdb"), "connection: is required"),
        (
            lambda store: Store("x", technology="duckdb", connection={"pth": "x"}),
            "connection.pth: duckdb has no option 'pth'; did you mean 'path'?",
        ),
        (
            lambda store: wrong(Store)("x", technology="duckdb", connection={"path": "x", 1: 2}),
            "connection: expected text before each colon; found 1",
        ),
        (
            lambda store: Store("x", technology="files", connection={"path": store}),
            "connection.path: expected text, a number, true or false, a list or a mapping; found a Store",
        ),
        (lambda store: wrong(Platform)("x", projct="."), "projct: unknown argument; did you mean 'project'?"),
        (
            lambda store: Platform("x", project=wrong(Output.from_input("."))),
            "project: expected text that is known when the program runs; found an Output",
        ),
        (lambda store: Connector("x", technology="dukdb"), "technology: no technology 'dukdb' is installed"),
        (
            lambda store: Transform("t", runtime="cloudqury", outputs=[users(store)]),
            "runtime: no runtime 'cloudqury' is installed: did you mean 'cloudquery'?",
        ),
        (
            lambda store: Transform("t", runtime="dbt", outputs=[users(store)], settings={"projct": "x"}),
            "settings: unknown setting `projct`: did you mean 'project'?",
        ),
        (
            lambda store: Transform("t", runtime="dbt", inputs=wrong(["users"]), outputs=[]),
            "inputs[0]: expected a DataSet itself, as DataSet('users', …) makes it; found the text 'users'",
        ),
        (
            lambda store: Transform("t", runtime="dbt", outputs=wrong(users(store))),
            "outputs: expected a list of DataSets; found a DataSet",
        ),
        (lambda store: Transform("t", runtime="dbt", outputs=[]), "outputs: expected at least 1 item"),
        (
            lambda store: Transform("t", runtime="dbt", outputs=[users(store)], timeout=-1),
            "timeout: expected more than 0",
        ),
        (
            lambda store: Transform("t", runtime="dbt", outputs=[users(store)], env={"a b": "x"}),
            "env.a b: expected text of the form ^[A-Za-z_][A-Za-z0-9_]*$",
        ),
        (lambda store: Run("t", transform=wrong("t")), "transform: expected a Transform itself, as Transform('t', …)"),
        (
            lambda store: Run("t", transform=wrong("t"), quotas={"concurrent_run": 2}),
            "quotas.concurrent_run: unknown property 'concurrent_run'; did you mean 'concurrent_runs'?",
        ),
    ],
)
def test_a_wrong_argument_is_told(make: Callable[[Any], Any], told: str) -> None:
    lines = refused(make)
    assert any(line.startswith(told) for line in lines), lines
