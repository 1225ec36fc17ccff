"""200 DataSets made in Postgres by one `up`, over the same statements in a script and what the engine takes by itself.

    python -m benchmarks.tables [--resources 200] [--runs 3]

The script is a process that sends the statements of the plan, each DataSet in a transaction. What the engine takes is
an `up` of as many do-nothing resources with the inputs of a DataSet. All three begin with nothing, in turn, on a real
server. The target is 1.3 times the sum of both. The results are also kept as JSON in benchmarks/results/.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Final

import psycopg

from benchmarks.measure import in_turn, record, timed
from benchmarks.projects import ENV, engine, projects
from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.technologies.postgres.factory import Postgres
from tests.servers.postgres import Postgres as Server

SCRIPT: Final = """
import json, sys
from pathlib import Path
import psycopg
with psycopg.connect(sys.argv[2], autocommit=True) as database:
    for statements in json.loads(Path(sys.argv[1]).read_text()):
        with database.transaction():
            for statement in statements:
                database.execute(statement)
"""
BINDING: Final = """
bindings:
  warehouse:
    {{type: postgres, host: {host}, port: {port}, user: {user}, database: shop,
      secrets: {{password: "${{SHOP_PASSWORD}}"}}}}
---
apiVersion: datakit.infoblox.dev/v1alpha1
kind: Connector
metadata: {{name: postgres}}
spec: {{type: postgres, version: "1.0.0", capabilities: [source, destination]}}
"""
COLUMNS: Final = (
    {"name": "id", "type": "integer", "primaryKey": True, "pii": False},
    {"name": "name", "type": "string", "description": "What it is called.", "pii": False},
    {"name": "made_at", "type": "timestamp", "pii": False},
)


def main() -> None:
    """Time each side in turn, and record medians and their ratio."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--resources", type=int, default=200)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    server = Server(Path(mkdtemp(prefix="datakit-postgres-")))
    try:
        server.start()
        with TemporaryDirectory() as scratch:
            _compare(server, Path(scratch), options.resources, options.runs)
    finally:
        server.remove()


def _compare(server: Server, scratch: Path, resources: int, runs: int) -> None:
    facts = server.facts()
    ours, _, alike = projects(scratch, resources).values()
    platform = ours / "project" / "platform.yaml"
    platform.write_text(platform.read_text().rstrip() + BINDING.format(**facts))
    ENV["SHOP_PASSWORD"] = facts["password"]
    (scratch / "statements.json").write_text(json.dumps([*_statements(facts, resources)]))
    sides = {
        f"up of {resources} DataSets": partial(_up, ours, facts),
        "the same statements in a script": partial(_script, scratch, facts),
        f"up of {resources} do-nothing resources, same inputs": partial(_up, alike, facts),
    }
    spreads = in_turn(sides, runs)
    up, script, bare = (spread.median for spread in spreads.values())
    record("tables", spreads, {"up / (script + engine)": up / (script + bare)}, ["pulumi", "psycopg"])


def _statements(facts: dict[str, str], resources: int) -> Iterator[list[str]]:
    options = {name: facts[name] for name in ("host", "user")} | {"port": int(facts["port"]), "database": "shop"}
    columns = tuple(Column.model_validate(each) for each in COLUMNS)
    for number in range(resources):
        place = Place(table=f"main.table_{number}")
        dataset = BoundDataSet(f"table-{number}", "warehouse", Connection("postgres", options), place, columns)
        yield Postgres().ddl(dataset, None)


def _emptied(facts: dict[str, str]) -> None:
    named = {name: facts[name] for name in ("host", "port", "user", "password")}
    with psycopg.connect(psycopg.conninfo.make_conninfo(dbname="postgres", **named), autocommit=True) as database:
        database.execute("DROP DATABASE IF EXISTS shop WITH (FORCE)")
        database.execute("CREATE DATABASE shop")


def _up(folder: Path, facts: dict[str, str]) -> float:
    engine(folder, "destroy")
    _emptied(facts)
    return engine(folder, "up")


def _script(scratch: Path, facts: dict[str, str]) -> float:
    _emptied(facts)
    reached = psycopg.conninfo.make_conninfo(dbname="shop", host=facts["host"], port=facts["port"], user=facts["user"])
    command: list[str | Path] = [sys.executable, "-c", SCRIPT, scratch / "statements.json", reached]
    return timed(command, scratch, {"PGPASSWORD": facts["password"]})


if __name__ == "__main__":
    main()
