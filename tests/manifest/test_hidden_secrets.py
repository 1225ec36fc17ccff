"""Whatever is wrong beside, above or around a secret, no finding repeats it: random edits of manifests."""

from __future__ import annotations

import random
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from datakit_iac.checks.references import references
from datakit_iac.manifest.connections import connections
from datakit_iac.manifest.loading.loader import read
from tests.manifest.writing import HEAD

PLANTED = "pl4nted-v4lue"
MANIFESTS: list[dict[str, Any]] = list(
    yaml.safe_load_all(
        f"""
kind: Connector
metadata: {{name: pg}}
spec:
  type: duckdb
  version: 1.0.0
  capabilities: [source]
  connectionSchema:
    - {{field: password, type: string, default: {PLANTED}}}
    - {{field: pin, secret: true, default: {PLANTED}}}
    - {{field: port, type: integer}}
---
kind: Store
metadata: {{name: crm}}
spec:
  connector: pg
  connection:
    password: {PLANTED}
    auth: {{token: {PLANTED}}}
    url: pg://ann:{PLANTED}@db
    port: a://b:{PLANTED}@c
  secrets: {{pin: {PLANTED}}}
---
kind: Environment
metadata: {{name: dev}}
bindings: {{crm: {{type: duckdb, token: {PLANTED}, secrets: {{pin: {PLANTED}}}}}}}
spec: {{lineage: {{url: "ftp://ann:{PLANTED}@h"}}}}
---
kind: Transform
metadata: {{name: load}}
spec:
  runtime: generic-python
  command: [a]
  outputs: [{{dataset: d}}]
  env:
    - {{name: API_TOKEN, value: {PLANTED}}}
    - {{name: B, valueFrom: {{secretKeyRef: {{name: {PLANTED}, key: {PLANTED}}}}}}}
    - {{name: C, value: "pg://ann:{PLANTED}@db"}}
"""
    )
)


def paths(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    for key, each in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from paths(each, (*path, key))


def edit(document: dict[str, Any], by: random.Random) -> None:
    """One random edit; none of them puts the planted value where nobody could know it for a secret."""
    path = by.choice([path for path in paths(document) if path[:1] in (("spec",), ("bindings",))])
    *above, key = path
    parent: Any = document
    for step in above:
        parent = parent[step]
    value = parent[key]
    holds_one = isinstance(value, str) and PLANTED in value
    match by.randrange(5):
        case 0:
            parent[key] = by.choice([[value], {"a": value}, {"value": value}, [[value]]])
        case 1 if isinstance(parent, dict):
            parent["strange"] = 1
        case 2 if isinstance(parent, dict):
            del parent[key]
        case 3:
            parent[key] = PLANTED if holds_one and value == PLANTED else by.choice([5, None, True, [], {}])
        case 4 if holds_one and "secrets" in above and isinstance(parent, dict):
            parent[f"{key} {value}"] = parent.pop(key)  # its colon is missing


@pytest.mark.parametrize("seed", range(8))
def test_no_finding_repeats_a_secret(tmp_path: Path, seed: int) -> None:
    by = random.Random(seed)
    for _ in range(60):
        document = deepcopy(by.choice(MANIFESTS))
        for _ in range(by.randint(0, 2)):
            if "spec" in document:
                edit(document, by)
        (tmp_path / "odd.yaml").write_text(HEAD + yaml.safe_dump(document))
        project, told = read(tmp_path)
        told = [*told, *references(project), *connections(project)]
        assert [str(found) for found in told if PLANTED in str(found)] == [], yaml.safe_dump(document)
