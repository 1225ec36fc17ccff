"""A pipeline whose warehouse is a Postgres server, by its binding alone: loaded by CloudQuery, built by dbt."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

from datakit_iac.technologies.postgres.opening import connected
from tests.cloudquery.stores import database
from tests.scenarios.pipeline import FILES
from tests.scenarios.test_interruptions import assert_gone, provider_of, wait_for
from tests.scenarios.workspace import Workspace

REVENUE = "SELECT name, total FROM main.revenue ORDER BY 1"


def bound(made: Workspace, connection: dict[str, Any]) -> Workspace:
    """The project of `pipeline.py`, its warehouse bound to a database of a server."""
    for path, text in FILES.items():
        made.write(f"project/{path}", text)
    options = {name: value for name, value in connection.items() if name != "password"}
    binding = {"type": "postgres", **options, "secrets": {"password": "${SHOP_PASSWORD}"}}
    connector = "spec: {type: postgres, version: '1.0.0', capabilities: [source, destination]}"
    named = "metadata: {name: dev}\n"
    made.replace("project/platform.yaml", named, f"{named}bindings: {{warehouse: {binding}}}\n")
    made.write(
        "project/postgres.yaml",
        f"apiVersion: datakit.infoblox.dev/v1alpha1\nkind: Connector\nmetadata: {{name: postgres}}\n{connector}\n",
    )
    made.env["SHOP_PASSWORD"] = connection["password"]
    return made


def rows(connection: dict[str, Any], query: str) -> list[Any]:
    with connected(connection) as server:
        return server.execute(query).fetchall()


KILLS = int(os.environ.get("DATAKIT_KILLS", "2"))
MANY = 30_000


def test_a_provider_that_is_killed_during_loads_into_postgres_loses_and_doubles_nothing(tmp_path: Path) -> None:
    connection = database()
    workspace = bound(Workspace(tmp_path / "postgres"), connection)
    outputs = "outputs: [{dataset: orders}]\n"
    workspace.replace("project/transforms.yaml", outputs, f"{outputs}  cloudquery: {{writeMode: append}}\n")
    workspace.up("--skip-preview").ok()
    chosen = random.Random(os.environ.get("DATAKIT_KILLS_SEED", "7"))
    rows_before = 4
    for number in range(KILLS):
        added = range(100 + number * MANY, 100 + (number + 1) * MANY)
        workspace.write("project/inbox/orders.csv", "id,user_id,amount\n" + "".join(f"{each},1,1\n" for each in added))
        with workspace.started("up", "--yes", "--skip-preview") as process:
            wait_for(process, "Run load-orders updating")
            time.sleep(chosen.uniform(0, 4))
            with contextlib.suppress(AssertionError, ProcessLookupError):  # the update may be over
                os.kill(provider_of(workspace), signal.SIGKILL)
            process.wait(120)
        assert_gone(workspace, within=8)
        workspace.up("--skip-preview").ok()

        rows_before += MANY
        assert rows(connection, "SELECT count(*), count(DISTINCT id) FROM raw.orders") == [(rows_before,) * 2]
        assert rows(connection, REVENUE) == [("ann", 15.0 + (number + 1) * MANY), ("bob", 7.0)]
    assert workspace.up("--skip-preview").ok().operations == {}
    runs = json.loads(workspace.dk("runs", "list", "--limit", "1000", "--output", "json").ok().results)["runs"]
    identities = [(each["transform"], each["identity"]) for each in runs if each["state"] == "succeeded"]
    assert len(identities) == len({*identities})
