"""Two projects of the same size: DataSets of ours, and do-nothing resources of a do-nothing provider.

The do-nothing resources come in two sorts: with a name and nothing else, and with the very inputs that a DataSet of
ours has. The second tells what our program and provider add; the first also what it costs to carry a contract at all.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks.measure import timed

BIN: Final = Path(sys.executable).parent
IDLE_PROVIDER: Final = f"""#!{sys.executable}
import sys
from pulumi.provider.experimental import provider
from pulumi.provider.experimental.provider import CheckResponse, CreateResponse, DiffResponse, Provider
from pulumi.provider.experimental.server import main

class Idle(Provider):
    async def check(self, request):
        return CheckResponse(inputs=request.new_inputs)

    async def diff(self, request):
        return DiffResponse(changes=False)

    async def create(self, request):
        return CreateResponse(resource_id="idle", properties=request.properties)

    async def delete(self, request):
        pass

main(sys.argv[1:], "0.1.0", Idle())
"""
IDLE_PROGRAM: Final = """import pulumi

class Idle(pulumi.CustomResource):
    def __init__(self, name, properties, opts=None):
        super().__init__("idle:index:Idle", name, properties, opts)

for number in range({count}):
    Idle(f"idle-{{number}}", {{"name": f"idle-{{number}}", **{inputs}}})
"""
CONTRACT: Final = {
    "store": {"name": "warehouse", "technology": "duckdb", "connection": {"path": "project/warehouse.duckdb"}},
    "table": "main.table",
    "schema": [
        {"name": "id", "type": "integer", "primaryKey": True, "pii": False},
        {"name": "name", "type": "string", "description": "What it is called.", "pii": False},
        {"name": "made_at", "type": "timestamp", "pii": False},
    ],
    "description": "The table number 100.",
    "classification": "internal",
    "deletion": "retain",
    "manifest": "project/table-100.yaml:1:1",
}
PROGRAM: Final = """import pulumi
from datakit_iac import Platform

Platform("platform", project="project")
"""
MANIFESTS: Final = """apiVersion: datakit.infoblox.dev/v1alpha1
kind: Connector
metadata: {name: duckdb}
spec: {type: duckdb, version: "1.0.0", capabilities: [source, destination]}
---
apiVersion: datakit.infoblox.dev/v1alpha1
kind: Store
metadata: {name: warehouse}
spec: {connector: duckdb, connection: {path: warehouse.duckdb}}
---
apiVersion: datakit.infoblox.dev/v1alpha1
kind: Environment
metadata: {name: dev}
"""
DATASET: Final = """apiVersion: datakit.infoblox.dev/v1alpha1
kind: DataSet
metadata: {{name: table-{number}}}
spec:
  store: warehouse
  table: main.table_{number}
  description: The table number {number}.
  classification: internal
  schema:
    - {{name: id, type: integer, primaryKey: true, pii: false}}
    - {{name: name, type: string, description: What it is called., pii: false}}
    - {{name: made_at, type: timestamp, pii: false}}
"""
ENV: Final = {"PULUMI_CONFIG_PASSPHRASE": "benchmark"}


def projects(scratch: Path, resources: int) -> dict[str, Path]:
    """A project of each sort, with a stack and nothing applied yet; ours is the first."""
    ours, idle, alike = (scratch / name for name in ("ours", "idle", "alike"))
    _make(ours, "datakit", BIN, PROGRAM)
    (ours / "project").mkdir()
    (ours / "project" / "platform.yaml").write_text(MANIFESTS)
    for number in range(resources):
        (ours / "project" / f"table-{number}.yaml").write_text(DATASET.format(number=number))
    for folder, inputs in ((idle, {}), (alike, CONTRACT)):
        _make(folder, "idle", folder, IDLE_PROGRAM.format(count=resources, inputs=inputs))
        plugin = folder / "pulumi-resource-idle"
        plugin.write_text(IDLE_PROVIDER)
        plugin.chmod(0o755)
    made = {
        f"{resources} DataSets": ours,
        f"{resources} do-nothing resources": idle,
        f"{resources} do-nothing resources, same inputs": alike,
    }
    for folder in made.values():
        timed([BIN / "pulumi", "stack", "init", "dev"], folder, ENV)
    return made


def engine(folder: Path, command: str, *arguments: str) -> float:
    """The seconds of one of the engine's commands, without a preview before it."""
    return timed([BIN / "pulumi", command, "--yes", "--skip-preview", "--stack", "dev", *arguments], folder, ENV)


def _make(folder: Path, provider: str, path: Path, program: str) -> None:
    (folder / "state").mkdir(parents=True)
    project: Mapping[str, Any] = {
        "name": provider,
        "runtime": {"name": "python", "options": {"virtualenv": str(BIN.parent)}},
        "backend": {"url": "file://./state?metadata=skip"},
        "plugins": {"providers": [{"name": provider, "path": str(path)}]},
    }
    (folder / "Pulumi.yaml").write_text(json.dumps(project))
    (folder / "__main__.py").write_text(program)
