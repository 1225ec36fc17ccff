"""Small projects of manifests, written as people write them."""

from __future__ import annotations

import textwrap
from pathlib import Path

from datakit_iac.findings.finding import Finding
from datakit_iac.manifest.loading.loader import read

HEAD = "apiVersion: datakit.infoblox.dev/v1alpha1\n"


def manifest(kind: str, name: str, body: str) -> str:
    """One document; the body stands below its metadata."""
    return f"{HEAD}kind: {kind}\nmetadata: {{name: {name}}}\n{textwrap.dedent(body).strip()}\n"


def write(root: Path, *documents: str, file: str = "project.yaml") -> Path:
    """A file of documents below a folder, which is returned."""
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("---\n".join(documents), encoding="utf-8")
    return root


def findings(root: Path, *documents: str) -> list[Finding]:
    """What is wrong with a project of one file."""
    return read(write(root, *documents))[1]


def only(found: list[Finding]) -> Finding:
    """The one finding there is."""
    assert len(found) == 1, "\n".join(map(str, found)) or "no findings"
    return found[0]


CONNECTOR = manifest("Connector", "duckdb", "spec: {type: duckdb, version: 1.4.2, capabilities: [source, destination]}")
STORE = manifest("Store", "warehouse", "spec: {connector: duckdb, connection: {path: warehouse.duckdb}}")
DATASET = manifest(
    "DataSet",
    "users",
    """
    spec:
      store: warehouse
      table: raw.users
      schema:
        - {name: id, type: bigint, primaryKey: true}
        - name: email
          type: text
          pii: true
          tests: [unique, {accepted_values: {values: [a, b]}}]
    """,
)
TRANSFORM = manifest(
    "Transform",
    "load",
    """
    spec:
      runtime: cloudquery
      inputs: []
      outputs: [{dataset: users}]
      timeout: 1h30m
    """,
)
ENVIRONMENT = manifest("Environment", "dev", "bindings:\n  warehouse: {type: duckdb, path: dev.duckdb}")
POLICY = manifest("Policy", "security", "spec: {enforcement: {dev: advisory}, rules: [{rule: pii-declared}]}")
LENIENT = manifest("Policy", "lenient", "spec: {rules: [{rule: pii-not-public}]}")
"""A project with a policy of its own need not follow those that hold for projects without one."""

PROJECT = (CONNECTOR, STORE, DATASET, TRANSFORM, ENVIRONMENT, POLICY)
