"""What the resource classes send is exactly what the package schema declares."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from datetime import date
from importlib.resources import files
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks

from datakit_iac import Column, Connector, Consent, DataSet, Run, Store, Test, Transform
from datakit_iac.manifest.values.types import DataType
from datakit_iac.provider.property_values import SIGNATURE
from tests.resources.samples import further

SCHEMA: dict[str, Any] = json.loads(files("datakit_iac.provider").joinpath("schema.json").read_text())


def plain(value: Any) -> Any:
    """A value without the marks of secrets, which the SDK's mocks put around all that holds one."""
    if isinstance(value, dict):
        return plain(value["value"]) if SIGNATURE in value else {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


class Recorded(mocks.Mocks):
    """Keeps the inputs of every resource and the arguments of every call."""

    def __init__(self) -> None:
        self.resources: dict[str, dict[str, Any]] = {}
        self.calls: dict[str, dict[str, Any]] = {}

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        self.resources[args.typ] = plain(args.inputs)
        outputs = {"generation": "1f", "location": "duckdb:x", "written": {"users": "v1"}, "counts": {"users": 1}}
        return args.name, {**args.inputs, **outputs}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        self.calls[args.token] = plain(args.args)
        return {"version": "v0"}, []


async def program() -> None:
    """Every resource class with everything it can be given."""
    Connector(
        "duckdb", technology="duckdb", technologies=["duckdb", "files"], version="1.4.2", protocol="file",
        capabilities=["source"],
    )  # fmt: skip
    store = Store("warehouse", technology="duckdb", connection={"path": "x"}, secrets={"key": "hunter2"}, create=True)
    columns = (
        Column(
            name="id", type=DataType("bigint"), description="The key.", nullable=False, primary_key=True, pii=False,
            masking="hash", from_=["raw.id"], previous_names=["key"], tests=[Test(unique=True)],
        ),
        Column(name="day", type="date"),
    )  # fmt: skip
    consents = [Consent(object="table", reason="r", expires=date(2030, 1, 1), misfits="null")]
    given: dict[str, Any] = {
        **{"table": "raw.users", "prefix": "p", "topic": "t", "format": "csv", "schema": columns},
        **{"reader": {"delimiter": ";"}, "tests": [Test(sql="SELECT 1")], "consents": consents, "external": True},
        **{"classification": "internal", "tier": "gold", "owner": "ann", "retention": "90d", "description": "All."},
        **{"deletion": "delete", "downstream": ["load"], "manifest": "u:1:1", "writers": ["load"]},
        "previous_names": ["people"],
        "partition_by": ["day"],
    }
    made = [DataSet(name, store=store, **given, **further(given)) for name in ("raw", "users")]
    load = Transform(
        "load", runtime="cloudquery", inputs=made[:1], outputs=made[1:], settings={"writeMode": "append"},
        context=made[:1], references=made[:1], schedule={"cron": "0 5 * * *"}, timeout=60,
        env={"REGION": "eu"}, image="ghcr.io/acme/load:1.4.2", command=["load"], retries=2,
        plugins={"warehouse": {"destination": "./plugins/load"}},
        resources={"requests": {"cpu": "1"}}, deployment="d2", history=store,
    )  # fmt: skip
    load.job = dataclasses.replace(load.job, given="d1")  # as of a runtime that takes files
    Run("load", transform=load, quotas={"concurrentRuns": 2}, executor={"type": "local"}, history=store)


@pytest.fixture(scope="module")
def recorded() -> Iterator[Recorded]:
    seen = Recorded()
    mocks.set_mocks(seen, preview=False)
    mocks.test(program)()  # type: ignore[no-untyped-call]
    yield seen
    pulumi.runtime.settings.reset_options()


TOKENS = [f"datakit:index:{kind}" for kind in ("Connector", "Store", "DataSet", "Transform", "Run")]


def named(properties: Mapping[str, Any]) -> list[str]:
    return sorted(name for name, value in properties.items() if value is not None)


@pytest.mark.parametrize("token", TOKENS)
def test_a_resource_sends_exactly_the_inputs_of_its_schema(recorded: Recorded, token: str) -> None:
    assert named(recorded.resources[token]) == sorted(SCHEMA["resources"][token]["inputProperties"])


@pytest.mark.parametrize("token", TOKENS)
def test_the_schema_describes_every_property_and_requires_none_that_is_unknown(token: str) -> None:
    resource = SCHEMA["resources"][token]
    assert set(resource["inputProperties"]) <= set(resource["properties"])
    assert set(resource["requiredInputs"]) <= set(resource["inputProperties"])
    assert set(resource["required"]) <= set(resource["properties"])
    described = [*resource["inputProperties"].values(), *resource["properties"].values(), resource]
    assert all(each.get("description") for each in described)


def test_the_schema_names_the_types_that_the_provider_serves() -> None:
    from datakit_iac.provider.registry import FUNCTIONS, TYPES

    assert sorted(TYPES) == sorted(SCHEMA["resources"])
    assert sorted(FUNCTIONS) == sorted(SCHEMA["functions"])


@pytest.mark.parametrize(("kind", "key"), [("Column", "schema"), ("Consent", "consents"), ("StoreReference", "store")])
def test_nested_properties_are_those_of_their_type(recorded: Recorded, kind: str, key: str) -> None:
    sent = recorded.resources["datakit:index:DataSet"][key]
    first = sent[0] if isinstance(sent, list) else sent
    expected = set(SCHEMA["types"][f"datakit:index:{kind}"]["properties"])
    implied = {"nullable"} if kind == "Column" else set()  # a key is never empty
    assert expected - implied <= set(first) | {"pii"} <= expected | {"pii"}


def test_a_job_and_a_fingerprint_are_told_the_contract(recorded: Recorded) -> None:
    declared = set(SCHEMA["types"]["datakit:index:Contract"]["properties"])
    assert set(recorded.resources["datakit:index:Run"]["inputs"][0]) == declared
    asked = {*declared, "external", "tellsFault"}
    assert set(recorded.calls["datakit:index:fingerprint"]) == asked
    assert set(SCHEMA["functions"]["datakit:index:fingerprint"]["inputs"]["properties"]) == asked


def test_a_read_dataset_has_the_version_that_the_provider_tells_and_a_written_one_that_of_its_run(
    recorded: Recorded,
) -> None:
    assert recorded.resources["datakit:index:Run"]["versions"] == {"raw": "v0"}
    assert recorded.resources["datakit:index:Run"]["generations"] == {"users": "1f"}


def test_the_context_of_a_run_is_names_and_tables_without_contracts_or_secrets(recorded: Recorded) -> None:
    run = recorded.resources["datakit:index:Run"]
    assert run["context"] == {"warehouse": {"raw": "raw.users"}}
    assert "hunter2" in json.dumps(run["inputs"])
