"""The example of four runtimes on a cluster: what it makes is what it makes on one machine."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.kubernetes.shop import PLUGIN
from tests.scenarios.test_orders import EXAMPLE, best, expected
from tests.scenarios.workspace import Workspace
from tests.servers.kubernetes import images
from tests.servers.kubernetes.cluster import Kubernetes
from tests.servers.kubernetes.postgres import PostgresForPods
from tests.servers.kubernetes.s3 import S3ForPods
from tests.servers.s3 import client
from tests.servers.sharing import shared

pytestmark = [pytest.mark.kubernetes, pytest.mark.engine]

_ENVIRONMENT = """\
apiVersion: datakit.infoblox.dev/v1alpha1
kind: Environment
metadata: {name: dev}
spec: {versions: ranges, executor: %s}
bindings: {warehouse: %s, shop: %s, landing: %s, public: %s}
"""
_NAMES = ("project", "extract", "publish")
_STORES = ("shop", "landing", "public")


def test_four_runtimes_make_the_same_on_a_cluster(cluster: dict[str, str], namespace: str, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.project.rmdir()
    shutil.copytree(EXAMPLE, workspace.project, ignore=shutil.ignore_patterns(".datakit", "__pycache__"))
    tags = {name: f"localhost/{name}-{secrets.token_hex(4)}:1" for name in _NAMES}
    server, prefix = _bound(workspace, cluster, namespace, tags["project"])
    workspace.env |= {f"{name.upper()}_IMAGE": tags[name] for name in _NAMES}
    workspace.env |= {"KUBECONFIG": cluster["kubeconfig"], "PATH": f"{PLUGIN}{os.pathsep}{workspace.env['PATH']}"}
    for name in ("extract", "publish"):
        file = f"project/transforms/{name}/dk.yaml"
        workspace.replace(file, "  timeout: 5m\n", f'  timeout: 5m\n  image: "${{{name.upper()}_IMAGE}}"\n')
    python = "  env: [{name: DK_PYTHON, value: python}]\n  command: [./publish, --top"
    workspace.replace("project/transforms/publish/dk.yaml", "  command: [go, run, ., --top", python)
    code = workspace.project / "transforms"
    subprocess.run(["go", "build", "-o", "publish", "."], cwd=code / "publish", check=True, env=_static())
    _imported(cluster, tags["extract"], code / "extract", "extract.py")
    _imported(cluster, tags["publish"], code / "publish", "publish", "store.py")
    (code / "publish" / "publish").unlink()
    _imported(cluster, tags["project"], tmp_path, "Pulumi.yaml", "project")

    made = workspace.up("--skip-preview").ok().text
    paid = expected(EXAMPLE / "shop" / "orders.jsonl")
    with psycopg.connect(**server) as connection:
        assert dict(connection.execute("SELECT item, amount FROM marts.revenue").fetchall()) == paid
    report = (
        client(_facts(cluster)).get_object(Bucket=f"{prefix}-public", Key="report/rows.json")["Body"].read().decode()
    )
    assert [json.loads(line, parse_float=Decimal) for line in report.splitlines()] == best(paid)
    assert ("orders 40" in made, "report 3" in made) == (True, True)
    assert workspace.up().ok().operations == {}


def _bound(workspace: Workspace, cluster: dict[str, str], namespace: str, image: str) -> tuple[dict[str, Any], str]:
    """The environment on servers that pods reach; the database's connection, and how the names of buckets begin."""
    found, name = shared(PostgresForPods), f"orders_{secrets.token_hex(6)}"
    server: dict[str, Any] = {**found, "host": cluster["host"], "port": int(found["port"])}
    with psycopg.connect(**server, dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    facts, buckets = _facts(cluster), {each: f"{name.replace('_', '-')}-{each}" for each in _STORES}
    there = client(facts)
    for bucket in buckets.values():
        there.create_bucket(Bucket=bucket)
    there.put_object(Bucket=buckets["shop"], Key="orders.jsonl", Body=(EXAMPLE / "shop/orders.jsonl").read_bytes())
    keys = {"accessKeyId": "${S3_KEY}", "secretAccessKey": "${S3_SECRET}"}
    place = {"type": "s3", "endpoint": facts["endpoint"], "region": "us-east-1", "secrets": keys}
    stores = [{**place, "bucket": buckets[each]} for each in _STORES]
    warehouse = {
        "type": "postgres",
        "host": server["host"],
        "port": server["port"],
        "user": "test",
        "database": name,
        "secrets": {"password": "${PG_PASSWORD}"},
    }
    executor = {"type": "kubernetes", "image": image, "namespace": namespace}
    said = [json.dumps(each) for each in (executor, warehouse, *stores)]
    workspace.write("project/environments/dev.yaml", _ENVIRONMENT % tuple(said))
    workspace.env |= {"S3_KEY": facts["access_key_id"], "S3_SECRET": facts["secret_access_key"]}
    workspace.env["PG_PASSWORD"] = server["password"]
    return {**server, "dbname": name}, name.replace("_", "-")


def _facts(cluster: dict[str, str]) -> dict[str, str]:
    facts = shared(S3ForPods)
    return {**facts, "endpoint": f"http://{cluster['host']}:{urlsplit(facts['endpoint']).port}"}


def _static() -> dict[str, str]:
    return {**os.environ, "CGO_ENABLED": "0"}


def _imported(cluster: dict[str, str], name: str, folder: Path, *contents: str) -> None:
    """Make an image of files in a folder, and bring it to the node."""
    there = Path(cluster["folder"])
    file = there / f"{secrets.token_hex(4)}.tar"
    images.on_top(file, name, there / "image.json", folder, contents)
    Kubernetes.import_image(there, file)
