"""A preview knows not everything: whatever of the inputs only the update will know, it says so and fails nowhere."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from datakit_iac.manifest.values.secret import Secret
from datakit_iac.provider.property_values import UNKNOWN
from datakit_iac.provider.protocol import Properties
from datakit_iac.testing.lifecycle import Lifecycle, OperationError, RefusedError
from tests.lifecycle.warehouse import Warehouse


@pytest.fixture(autouse=True)
def lake(folder: Path) -> None:
    """A file that the Run reads."""
    (folder / "a.csv").write_text("id,name\n1,ann\n")


CONTRACT: dict[str, Any] = {
    "name": "users",
    "store": {**Warehouse.store, "secrets": {"token": Secret("hunter2-and-more")}},
    "table": "raw.users",
    "schema": [
        {"name": "id", "type": "bigint", "nullable": False, "description": "It.", "tests": [{"unique": True}]},
        {"name": "name", "type": "text", "pii": True, "previousNames": ["called"]},
    ],
    "description": "All.",
    "classification": "internal",
    "tier": "gold",
    "owner": "ann",
    "retention": "90d",
    "tests": [{"row_count": {"min": 1}}],
    "writers": ["load"],
}
INPUTS: dict[str, dict[str, Any]] = {
    "Connector": {
        "name": "users",
        "technology": "duckdb",
        "technologies": ["duckdb", "files"],
        "provider": "datakit",
        "version": "1.4.2",
        "protocol": "file",
        "capabilities": ["source"],
    },
    "Store": {**Warehouse.store, "create": True},
    "DataSet": {
        **CONTRACT,
        "consents": [{"object": "column/name", "reason": "r", "expires": "2030-01-01", "misfits": "null"}],
        "external": False,
        "deletion": "retain",
        "downstream": ["marts"],
        "manifest": "dataset/users.yaml:1:1",
    },
    "Transform": {
        "name": "users",
        "runtime": "cloudquery",
        "settings": {"writeMode": "append"},
        "inputs": ["raw"],
        "outputs": ["users"],
        "schedule": {"cron": "0 5 * * *", "timezone": "UTC", "suspend": False},
        "definition": "d1",
    },
    "Run": {
        "transform": "users",
        "runtime": "cloudquery",
        "settings": {"writeMode": "append"},
        "inputs": [
            {
                "name": "raw",
                "store": {"name": "lake", "technology": "files", "connection": {"path": "."}},
                "prefix": "a.csv",
                "format": "csv",
            }
        ],
        "outputs": [CONTRACT],
        "context": {"warehouse": {"raw": "raw.raw"}},
        "timeout": 60,
        "quotas": {"concurrentRuns": 2, "storage": "1Gi", "stores": {"warehouse": Warehouse.store}},
        "executor": {"type": "local"},
        "definition": "d1",
        "tests": "t1",
        "versions": {"raw": "v1"},
        "references": {"raw": "v1"},
        "generations": {"users": "g1"},
    },
}
EARLIER: dict[str, Any] = {"Run": {"versions": {"raw": "v0"}, "generations": {"users": "g0"}, "definition": "d0"}}
"""What differs in the state before, so that there is something to say."""


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    for key, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*path, key)
        yield from places(each, (*path, key))


def unknown(inputs: dict[str, Any], path: tuple[str | int, ...]) -> dict[str, Any]:
    """The inputs with one value that only the update will know."""
    changed: Any = copy.deepcopy(inputs)
    node = changed
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = Secret(UNKNOWN) if isinstance(node[path[-1]], Secret) else UNKNOWN
    return dict(changed)


CASES = [(kind, path) for kind, inputs in INPUTS.items() for path in places(inputs)]


@pytest.mark.parametrize("kind", INPUTS)
def test_a_preview_of_something_new_says_what_it_does_not_know(
    lifecycle: Lifecycle, warehouse: Warehouse, kind: str
) -> None:
    for path in places(INPUTS[kind]):
        lifecycle.subject(f"datakit:index:{kind}", "users").preview(unknown(INPUTS[kind], path))


@pytest.mark.parametrize("kind", INPUTS)
def test_a_preview_of_a_change_says_what_it_does_not_know(
    lifecycle: Lifecycle, warehouse: Warehouse, kind: str
) -> None:
    subject = lifecycle.subject(f"datakit:index:{kind}", "users")
    if kind == "Run":
        subject.id, subject.inputs = "users", {**INPUTS[kind], **EARLIER[kind]}
        subject.outputs = {"written": {"users": "v1"}, "counts": {}}
    else:
        subject.up(INPUTS[kind])
    for path in places(INPUTS[kind]):
        subject.preview(unknown(INPUTS[kind], path))
    assert "[unknown]" not in lifecycle.said()


@pytest.mark.parametrize("secrets", [UNKNOWN, Secret(UNKNOWN), {"token": UNKNOWN}, {"token": Secret(UNKNOWN)}])
def test_a_store_whose_secrets_are_to_come_is_not_reached(lifecycle: Lifecycle, secrets: object) -> None:
    store = lifecycle.subject("datakit:index:Store", "warehouse")
    store.preview({**INPUTS["Store"], "secrets": secrets})
    store.up(INPUTS["Store"])
    store.preview({**INPUTS["Store"], "secrets": secrets})


def test_a_table_whose_place_is_to_come_has_no_generation_yet(lifecycle: Lifecycle, warehouse: Warehouse) -> None:
    users = lifecycle.subject("datakit:index:DataSet", "users")
    users.up(INPUTS["DataSet"])
    for path in (("table",), ("store", "connection"), ("schema", 0, "type"), ("external",)):
        assert users.preview(unknown(INPUTS["DataSet"], path)).kind == "update"


@pytest.mark.parametrize("path", [*places({**CONTRACT, "external": True})])
def test_a_fingerprint_of_what_is_to_come_is_to_come(lifecycle: Lifecycle, path: tuple[str | int, ...]) -> None:
    asked: Properties = unknown({**CONTRACT, "external": True}, path)
    assert lifecycle.invoke("datakit:index:fingerprint", asked, preview=True) == {}


def test_a_fingerprint_of_a_table_that_the_update_makes_is_to_come(lifecycle: Lifecycle, warehouse: Warehouse) -> None:
    asked = {**CONTRACT, "store": Warehouse.store}
    for store in (asked["store"], {**Warehouse.store, "connection": {"path": "later.duckdb"}}):
        told = {**asked, "store": store}
        assert lifecycle.invoke("datakit:index:fingerprint", told, preview=True) == {}
        with pytest.raises(OperationError, match="there is no"):
            lifecycle.invoke("datakit:index:fingerprint", told, preview=False)
        with pytest.raises(OperationError, match="there is no"):
            lifecycle.invoke("datakit:index:fingerprint", {**told, "external": True}, preview=True)


@pytest.mark.parametrize(
    ("kind", "path", "wrong"),
    [
        ("DataSet", ("table",), {"classification": "Public"}),
        ("DataSet", ("schema", 0, "description"), {"tier": "Gold"}),
        ("Connector", ("technology",), {"version": "latest"}),
        ("Transform", ("runtime",), {"schedule": {"cron": "often"}}),
        ("Run", ("versions",), {"timeout": -1}),
    ],
)
def test_what_is_known_is_checked_all_the_same(
    lifecycle: Lifecycle, kind: str, path: tuple[str | int, ...], wrong: dict[str, Any]
) -> None:
    with pytest.raises(RefusedError, match=f"^{next(iter(wrong))}"):
        lifecycle.subject(f"datakit:index:{kind}", "users").preview({**unknown(INPUTS[kind], path), **wrong})


@pytest.mark.parametrize(
    ("kind", "path", "told"),
    [
        ("Store", ("connection", "path"), "known after apply: connection.path"),
        ("DataSet", ("schema", 1, "type"), "known after apply: schema[1].type"),
        ("Transform", ("settings", "writeMode"), "known after apply: settings.writeMode"),
        ("Run", ("outputs", 0, "table"), "known after apply: outputs[0].table"),
    ],
)
def test_a_plan_says_what_is_known_after_apply(
    lifecycle: Lifecycle, warehouse: Warehouse, kind: str, path: tuple[str | int, ...], told: str
) -> None:
    lifecycle.subject(f"datakit:index:{kind}", "users").preview(unknown(INPUTS[kind], path))
    assert told in lifecycle.said()


def test_a_plan_of_a_run_names_no_versions_that_runs_before_it_make(lifecycle: Lifecycle, warehouse: Warehouse) -> None:
    lifecycle.subject("datakit:index:Run", "users").preview(unknown(INPUTS["Run"], ("versions", "raw")))
    assert "known after apply" not in lifecycle.said()
