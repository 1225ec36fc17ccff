"""What a manifest refuses, the provider and the Python classes refuse: every field, with whatever is wrong in it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks
from pydantic import ValidationError

from datakit_iac import Column, Connector, DataSet, Store, Transform
from datakit_iac.manifest.json_schema import schema
from datakit_iac.manifest.models.document import API_VERSION
from datakit_iac.manifest.models.kinds import model_of
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.provider.registry import TYPES
from datakit_iac.testing.lifecycle import Lifecycle, RefusedError
from tests.resources.samples import further

WRONG: tuple[Any, ...] = (
    *("", " ", "Public", "GOLD", "no-such", "a b", "1.2", "forever", "-1d", "2030-13-01", "x@y"),
    *(-1, 0, 7, 1.5, True, [], ["x"], ["No Name"], {}, {"no-such": 1}),
)
SPECS: dict[str, dict[str, Any]] = {
    "Connector": {
        "type": "duckdb",
        "provider": "datakit",
        "version": "1.4.2",
        "protocol": "file",
        "capabilities": ["source"],
    },
    "DataSet": {
        "table": "raw.users",
        "description": "All.",
        "classification": "internal",
        "tier": "gold",
        "owner": "ann",
        "retention": "90d",
        "schema": [
            {
                "name": "id",
                "type": "bigint",
                "description": "The key.",
                "nullable": False,
                "primaryKey": True,
                "pii": False,
                "masking": "hash",
                "from": ["raw.id"],
                "previousNames": ["key"],
                "tests": [{"accepted_values": {"values": [1]}}, {"relationships": {"to": "raw", "field": "id"}}],
            }
        ],
        "tests": [
            {"row_count": {"min": 1, "max": 2}},
            {"freshness": {"column": "at", "max_age": "6h"}},
            {"sql": "SELECT 1"},
        ],
        "consents": [{"object": "table", "reason": "r", "expires": "2030-01-01", "misfits": "null"}],
        "reader": {},
        "topicSettings": {"partitions": 3, "replication": 2, "cleanup": "compact", "config": {"segment.ms": "1000"}},
    },
    "Transform": {
        "trigger": {"policy": "schedule", "schedule": {"cron": "0 5 * * *", "timezone": "UTC", "suspend": False}}
    },
}
"""What is right, with every field that a resource has too."""
_TOLD_APART = (
    "prefix",
    "topic",
    "format",
    "external",
    "deletion",
    "downstream",
    "writers",
    "manifest",
    "previous_names",
    "topic_settings",
)
SPECS["DataSet"] |= further([*SPECS["DataSet"], *_TOLD_APART])

NO_PROPERTY = {
    "Connector": {"plugin", "connectionSchema", "tools"},
    # Of the places a DataSet has one; a Store is given with all that reaches it.
    "DataSet": {"store", "prefix", "topic", "format", "version", "schemaRef", "dev", "previousNames"},
}
"""Fields of manifests that are not a property of the resource."""

STORE = {"name": "warehouse", "technology": "duckdb", "connection": {"path": "w.duckdb"}}


def manifest(kind: str, spec: dict[str, Any], name: Any = "users") -> dict[str, Any]:
    more: dict[str, dict[str, Any]] = {
        "DataSet": {"store": "warehouse"},
        "Transform": {"runtime": "cloudquery", "outputs": [{"dataset": "users"}]},
    }
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": {"name": name},
        "spec": {**more.get(kind, {}), **spec},
    }


def resource(kind: str, spec: dict[str, Any], name: Any = "users") -> dict[str, Any]:
    """The inputs that a Platform would make of a manifest."""
    match kind:
        case "Connector":
            return {"name": name, **{{"type": "technology"}.get(key, key): value for key, value in spec.items()}}
        case "Transform":
            schedule = spec["trigger"]["schedule"]
            return {"name": name, "runtime": "cloudquery", "outputs": ["users"], "schedule": schedule}
    return {"name": name, "store": STORE, **spec}


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every field and item of a value."""
    for key, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*path, key)
        yield from places(each, (*path, key))


def put(spec: dict[str, Any], path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    changed: Any = copy.deepcopy(spec)
    node = changed
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value
    return dict(changed)


def refuses(kind: str, document: dict[str, Any]) -> bool:
    try:
        model_of(kind).model_validate(document)
    except ValidationError:
        return True
    return False


OF_PREFIXES = {"partitionBy"}
"""What is allowed with a prefix only, and so not with the table of the samples."""


@cache
def wrong() -> list[tuple[str, tuple[str | int, ...], Any]]:
    """Each field of each kind with each value that its manifest refuses there."""
    found: list[tuple[str, tuple[str | int, ...], Any]] = []
    for kind, spec in SPECS.items():
        found += [(kind, ("name",), value) for value in WRONG if refuses(kind, manifest(kind, spec, value))]
        for path in places(spec):
            if kind == "Transform" and path[:2] != ("trigger", "schedule"):
                continue  # what triggers it is not a property
            found += [(kind, path, value) for value in WRONG if refuses(kind, manifest(kind, put(spec, path, value)))]
    return found


def given(kind: str, path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    if path == ("name",):
        return resource(kind, SPECS[kind], value)
    return resource(kind, put(SPECS[kind], path, value))


def test_every_field_of_a_manifest_is_tried() -> None:
    for kind, without in NO_PROPERTY.items():
        document = schema(kind)
        spec = document["$defs"][f"{kind}Spec"]
        assert set(spec["properties"]) - without - OF_PREFIXES == set(SPECS[kind])
    columns = schema("DataSet")["$defs"]["Column"]["properties"]
    assert set(columns) == set(SPECS["DataSet"]["schema"][0])
    assert len(wrong()) > 500


@pytest.fixture(scope="module")
def provider() -> Iterator[Lifecycle]:
    with Lifecycle(TYPES) as lifecycle:
        yield lifecycle


def is_refused(provider: Lifecycle, kind: str, inputs: dict[str, Any]) -> bool:
    try:
        provider.subject(f"datakit:index:{kind}", "users").preview(inputs)
    except RefusedError:
        return True
    return False


@pytest.mark.parametrize("kind", SPECS)
def test_the_provider_refuses_what_a_manifest_refuses(
    provider: Lifecycle, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert not refuses(kind, manifest(kind, SPECS[kind]))
    assert not is_refused(provider, kind, resource(kind, SPECS[kind]))
    cases = [(path, value) for each, path, value in wrong() if each == kind]
    assert [each for each in cases if not is_refused(provider, kind, given(kind, *each))] == []


def test_a_field_that_there_is_not_is_told_with_the_nearest(provider: Lifecycle) -> None:
    with pytest.raises(RefusedError, match="did you mean 'classification'"):
        provider.subject("datakit:index:DataSet", "users").preview(
            {**resource("DataSet", SPECS["DataSet"]), "clasification": "public"}
        )


@pytest.mark.parametrize("path", [("description",), ("schema", 0, "description"), ("store", "connection", "path")])
def test_what_is_secret_stands_nowhere_but_in_a_stores_secrets(
    provider: Lifecycle, path: tuple[str | int, ...]
) -> None:
    inputs = put(resource("DataSet", SPECS["DataSet"]), path, Secret("hunter2-and-more"))
    with pytest.raises(RefusedError, match="is a secret") as refused:
        provider.subject("datakit:index:DataSet", "users").preview(inputs)
    assert "hunter2" not in str(refused.value)


# In Python.


class Nothing(mocks.Mocks):
    """Takes every resource as it is."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        return args.name, dict(args.inputs)

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        return {}, []


def make(kind: str, inputs: dict[str, Any], store: Store, users: DataSet) -> None:
    """The resource of these inputs, as a program makes it."""
    said = dict(inputs)
    name = said.pop("name")
    match kind:
        case "Connector":
            Connector(name, **said)
        case "DataSet":
            models = {"schema": [Column(name="id", type="bigint")], "tests": [], "consents": []}
            DataSet(name, **{**said, **models, "store": store})
        case "Transform":
            Transform(name, **{**said, "outputs": [users]})


def test_python_refuses_what_a_manifest_refuses() -> None:
    passed: list[Any] = []

    async def program() -> None:
        store = Store("warehouse", technology="duckdb", connection={"path": "w.duckdb"})
        users = DataSet("users", store=store, table="users", schema=[Column(name="id", type="bigint")])
        for kind, path, value in wrong():
            if path[0] in ("schema", "tests", "consents"):
                continue  # models of manifests themselves
            if not value and (kind == "DataSet" or path[-1] == "schedule"):
                continue  # what says nothing is not sent
            try:
                make(kind, given(kind, path, value), store, users)
                passed.append((kind, path, value))
            except (ValueError, TypeError):
                pass

    mocks.set_mocks(Nothing(), preview=False)
    try:
        mocks.test(program)()  # type: ignore[no-untyped-call]
    finally:
        pulumi.runtime.settings.reset_options()
    assert passed == []


def test_python_says_every_fault_at_once() -> None:
    store = object.__new__(Store)
    store.reached = {"name": "warehouse", "technology": "duckdb", "connection": {"path": "w.duckdb"}}
    wrong: Any = {"classification": "Public", "tier": "Gold", "retention": "forever"}
    with pytest.raises(ValueError, match="DataSet users is invalid") as refused:
        DataSet("users", store=store, table="users", **wrong)
    told = [line.strip() for line in str(refused.value).splitlines()[1:]]
    assert [line.partition(":")[0] for line in told] == list(wrong)
    assert told[0].endswith("expected 'public', 'internal', 'confidential' or 'restricted'; did you mean 'public'?")
