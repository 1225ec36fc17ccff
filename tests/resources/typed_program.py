"""Every argument in every form that type checkers take: plain, an output, a class, a mapping."""

import asyncio
from datetime import date

import pulumi
from pulumi import Output

from datakit_iac import Column, ColumnDict, Connector, Consent, DataSet, Run, Store, Test, TestDict, Transform

config = pulumi.Config()
text: Output[str] = Output.from_input("x")


async def waited(value: str) -> str:
    await asyncio.sleep(0)
    return value


Connector("duckdb", technology=text, technologies=["duckdb", text], version=text, capabilities=["source", text])
inbox = Store("inbox", technology="files", connection={"path": text, "header": True})
warehouse = Store(
    "warehouse",
    technology="duckdb",
    connection=text.apply(lambda path: {"path": path}),
    secrets={"token": config.require_secret("token"), "key": "x"},
    create=Output.from_input(True),
)
key: ColumnDict = {"name": "id", "type": "integer", "primary_key": True, "description": text}
unique: TestDict = {"unique": True}
users_csv = DataSet("users-csv", store=inbox, prefix=waited("users.csv"), format="csv", external=True)
users = DataSet(
    "users",
    store=Output.from_input(warehouse),
    table=Output.concat("raw.", text),
    schema=[
        key,
        {"name": text, "type": "text", "previousNames": ["mail"], "from": "users-csv.mail", "tests": ["not_null"]},
        Column(name="at", type=text, pii=Output.from_input(False), from_=["users-csv.at", text]),
        Column(name="c", type="text", tests=[Test(accepted_values={"values": ["EUR", text]}), unique, "not_null"]),
    ],
    description=text,
    classification=text,
    tier="gold",
    owner=text,
    retention="90d",
    tests=[Test(row_count={"min": 1}), {"freshness": {"column": "at", "max_age": text}}, {"sql": "SELECT 1"}],
    consents=[
        Consent(object="table", reason=text, expires=date(2030, 1, 1)),
        {"object": "column/c", "reason": "r", "expires": "2030-01-01", "misfits": "null"},
    ],
    deletion="retain",
    downstream=[text],
    writers=text.apply(lambda name: [name]),
    previous_names=["people"],
)
domains = DataSet(
    "domains", store=warehouse, table="d", schema=text.apply(lambda name: [Column(name=name, type="int")])
)
marts = Transform(
    "marts",
    runtime=text,
    inputs=[users, Output.from_input(users_csv)],
    outputs=Output.from_input([domains]),
    settings={"project": text, "select": [text]},
    schedule={"cron": text},
    timeout=60,
    env={"TOKEN": config.require_secret("token"), "REGION": "eu"},
    approved=Output.from_input(False),
)
run = Run("marts", transform=Output.from_input(marts), quotas={"concurrentRuns": 2})
pulumi.export("rows", run.counts.apply(lambda counts: counts["domains"]))
location: Output[str] = warehouse.location
written: Output[dict[str, str]] = run.written
version: Output[str] = users.version
