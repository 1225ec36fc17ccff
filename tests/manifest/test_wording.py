"""No message repeats the words of Python or pydantic, whatever is wrong in whatever field of whatever kind."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from datakit_iac.manifest.loading.loader import read
from datakit_iac.manifest.models.document import API_VERSION

OURS = re.compile(
    r"Input should|should (be|have|match)|after validation|datetime|\bTrue\b|\bFalse\b|\bNone\b|NoneType|\bdict\b"
    r"|\btuple\b|instance of|valid (string|integer|number|list|boolean|dict|date)|Value error|pydantic|<class|\bctx\b"
    r"|something else"
)
WRONG: tuple[Any, ...] = (
    *("", " ", "Public", "a b", "1.2.x.y", "2030-13-01", "x@y", "${A}", "a: b"),
    *(-1, 0, 10**30, 1.5, float("inf"), True, None, date(2024, 1, 1)),
    *([], ["x"], [None], [[]], {}, {"no-such": 1}, {1: 2}),
)
RIGHT: dict[str, dict[str, Any]] = {
    "Connector": {
        "type": "duckdb", "provider": "datakit", "version": "1.4.2", "protocol": "file", "capabilities": ["source"],
        "plugin": {"source": "./p", "destination": "ghcr.io/a/b:1.0.0"},
        "connectionSchema": [{"field": "path", "type": "string", "default": "x", "optional": True, "secret": False}],
        "tools": [{"name": "t", "type": "exec", "command": ["a"], "requires": ["b"]}],
    },
    "Store": {
        "connector": "duckdb", "connectorVersion": "^1.4", "connection": {"path": "x"}, "secrets": {"key": "${KEY}"},
        "create": True, "description": "d",
    },
    "DataSet": {
        "store": "warehouse", "table": "raw.users", "format": "table", "version": "1.0.0", "classification": "internal",
        "tier": "gold", "owner": "ann", "retention": "90d",
        "schema": [
            {
                "name": "id", "type": "bigint", "nullable": False, "primaryKey": True, "pii": False, "masking": "hash",
                "from": ["raw.id"], "previousNames": ["key"],
                "tests": [
                    {"accepted_values": {"values": [1]}}, {"relationships": {"to": "raw", "field": "id"}}, "unique"
                ],
            }
        ],
        "tests": [
            {"row_count": {"min": 1, "max": 2}}, {"freshness": {"column": "at", "max_age": "6h"}}, {"sql": "SELECT 1"}
        ],
        "consents": [{"object": "table", "reason": "r", "expires": "2030-01-01", "misfits": "null"}],
        "dev": {"seed": {"inline": [{"id": 1}]}}, "previousNames": ["people"],
    },
    "DataSetGroup": {"store": "warehouse", "datasets": ["users"], "description": "d"},
    "Transform": {
        "runtime": "cloudquery", "mode": "batch", "inputs": [{"dataset": "a", "version": "^1", "cell": "c"}],
        "outputs": [{"tags": {"a": "b"}}],
        "trigger": {"policy": "schedule", "schedule": {"cron": "0 5 * * *", "timezone": "UTC", "suspend": False}},
        "timeout": "10m", "retries": 1, "image": "a:1", "env": [{"name": "A", "value": "b"}],
        "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": 2}}, "replicas": 1,
        "lineage": {"enabled": True, "namespace": "n", "heartbeatInterval": "1m"}, "serviceAccountName": "a",
        "cloudquery": {"writeMode": "append", "tables": [{"from": "a", "to": "b"}]},
    },
    "Environment": {
        "connectors": [{"name": "duckdb", "version": "^1"}], "versions": "exact",
        "approval": {"mode": "team", "required": 1, "approvers": ["a@b.c"], "maxAge": "7d"},
        "quotas": {"transforms": 1, "storage": "1Gi"}, "executor": {"type": "local"}, "deletion": "retain",
        "lineage": {"endpoint": "https://x.y", "namespace": "n"}, "vars": {"a": 1}, "bindingsRequired": False,
        "bindings": {"warehouse": {"type": "duckdb", "path": "x", "secrets": {"key": "${KEY}"}, "vars": {"a": 1}}},
    },
    "Policy": {
        "rules": [{"rule": "naming", "enforcement": {"dev": "advisory"}, "arguments": {"pattern": "x"}}],
        "waivers": [{"rule": "naming", "target": "dataset/a", "owner": "a", "reason": "b", "expires": "2030-01-01"}],
    },
}  # fmt: skip


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    for key, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*path, key)
        yield from places(each, (*path, key))


def changed(document: dict[str, Any], path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    made = copy.deepcopy(document)
    node: Any = made
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value
    return made


@pytest.mark.parametrize("kind", RIGHT)
def test_no_message_is_in_the_words_of_python(tmp_path: Path, kind: str) -> None:
    document = {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": {
            "name": "x",
            "namespace": "n",
            "version": "1.0.0",
            "labels": {"a": "b"},
            "annotations": {"a": "b"},
        },
        "spec": RIGHT[kind],
    }
    (tmp_path / "right.yaml").write_text(yaml.safe_dump(document))
    assert read(tmp_path)[1] == []
    for number, (path, value) in enumerate((path, value) for path in places(document) for value in WRONG):
        if path[0] != "apiVersion":
            (tmp_path / f"{number}.yaml").write_text(yaml.safe_dump(changed(document, path, value)))
    found = [each for each in read(tmp_path)[1] if each.code != "duplicate-name"]
    assert len(found) > 100
    assert sorted({each.message for each in found if OURS.search(each.message)}) == []
