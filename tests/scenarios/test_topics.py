"""Files become messages of a topic, and these rows of a table, through the real engine, CloudQuery and Kafka."""

from __future__ import annotations

import uuid
from pathlib import Path

from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewPartitions

from tests.scenarios.pipeline import API
from tests.scenarios.workspace import Workspace
from tests.servers.kafka import Kafka, SecureKafka
from tests.servers.sharing import shared

MANIFESTS = f"""\
{API}kind: Connector
metadata: {{name: duckdb}}
spec: {{type: duckdb, version: "1.0.0", capabilities: [source, destination]}}
---
{API}kind: Connector
metadata: {{name: files}}
spec: {{type: files, version: "1.0.0", capabilities: [source]}}
---
{API}kind: Connector
metadata: {{name: kafka}}
spec: {{type: kafka, version: "1.0.0", capabilities: [source, destination]}}
---
{API}kind: Store
metadata: {{name: warehouse}}
spec: {{connector: duckdb, connection: {{path: warehouse.duckdb}}}}
---
{API}kind: Store
metadata: {{name: inbox}}
spec: {{connector: files, connection: {{path: inbox}}}}
---
{API}kind: Store
metadata: {{name: bus}}
spec:
  connector: kafka
  connection: {{brokers: [BROKERS], prefix: PREFIX, replication: 1MORE}}
---
{API}kind: Environment
metadata: {{name: dev}}
---
{API}kind: Policy
metadata: {{name: lenient}}
spec: {{rules: [{{rule: pii-not-public}}]}}
---
{API}kind: DataSet
metadata: {{name: orders-csv}}
spec: {{store: inbox, prefix: orders.csv, format: csv}}
---
{API}kind: DataSet
metadata: {{name: events}}
spec:
  store: bus
  topic: events
  description: Every order.
  retention: 7d
  topicSettings: {{partitions: 3, cleanup: compact}}
  schema: &order
    - {{name: id, type: integer, primaryKey: true}}
    - {{name: amount, type: "decimal(10,2)"}}
    - {{name: at, type: timestamptz}}
---
{API}kind: DataSet
metadata: {{name: orders}}
spec:
  store: warehouse
  table: raw.orders
  schema:
    - {{name: id, type: integer, primaryKey: true}}
    - {{name: amount, type: "decimal(10,2)"}}
    - {{name: at, type: timestamptz}}
---
{API}kind: Transform
metadata: {{name: publish}}
spec:
  runtime: cloudquery
  inputs: [{{dataset: orders-csv}}]
  outputs: [{{dataset: events}}]
  cloudquery: {{writeMode: overwrite}}
---
{API}kind: Transform
metadata: {{name: load}}
spec:
  runtime: cloudquery
  inputs: [{{dataset: events}}]
  outputs: [{{dataset: orders}}]
"""
ORDERS = "id,amount,at\n" + "".join(f"{n},{n}.25,2024-01-01T00:00:{n % 60:02}Z\n" for n in range(1, 1001))
ROWS = "SELECT count(*), count(DISTINCT id), sum(amount) FROM raw.orders"


def written(workspace: Workspace, more: str = "") -> tuple[AdminClient, str]:
    brokers, prefix = shared(Kafka)["brokers"], f"t{uuid.uuid4().hex[:8]}."
    text = MANIFESTS.replace("BROKERS", f'"{brokers}"').replace("PREFIX", prefix).replace("MORE", more)
    workspace.write("project/all.yaml", text)
    workspace.write("project/inbox/orders.csv", ORDERS)
    return AdminClient({"bootstrap.servers": brokers}), prefix


def test_a_changed_topic_is_found_and_altered_in_place(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    admin, prefix = written(workspace)
    workspace.up("--skip-preview").ok()
    admin.create_partitions([NewPartitions(f"{prefix}events", 4)])[f"{prefix}events"].result(10)

    workspace.refresh().ok()
    refused = workspace.preview().failed()
    assert f"topic {prefix}events has 4 partitions, and 3 are declared" in refused.text
    assert "declare `partitions: 4`, or name another topic" in refused.text

    workspace.replace("project/all.yaml", "{partitions: 3, cleanup: compact}", "{partitions: 6, cleanup: compact}")
    workspace.replace("project/all.yaml", "retention: 7d", "retention: 1d")
    planned = workspace.preview().ok()
    assert "kafka-topics --alter --topic events --partitions 6" in planned.text
    assert workspace.up().ok().operations == {"DataSet events": "update"}
    assert len(admin.list_topics(f"{prefix}events", timeout=10).topics[f"{prefix}events"].partitions) == 6
    assert workspace.up().ok().operations == {}


def test_the_password_of_a_cluster_is_found_nowhere(tmp_path: Path) -> None:
    facts = shared(SecureKafka)
    workspace = Workspace(tmp_path)
    written(workspace)
    text = (workspace.root / "project/all.yaml").read_text()
    asked = text.index("  connection: {brokers")
    secure = (
        f'  connection: {{brokers: ["{facts["brokers"]}"], prefix: t{uuid.uuid4().hex[:8]}., replication: 1,'
        f" securityProtocol: SASL_SSL, saslMechanism: SCRAM-SHA-512, username: admin, caFile: {facts['ca']}}}\n"
        '  secrets: {password: "${KAFKA_PASSWORD}"}'
    )
    workspace.write("project/all.yaml", text[:asked] + secure + text[text.index("\n", asked) :])
    workspace.env["KAFKA_PASSWORD"] = facts["admin"]

    done = workspace.up("--skip-preview", "--debug").ok()

    assert workspace.rows(ROWS) == [(1000, 1000, (1000 * 1001 // 2) + 250)]
    assert facts["admin"] not in done.text
    files = [each for each in workspace.root.rglob("*") if each.is_file()]
    assert [each for each in files if facts["admin"].encode() in each.read_bytes()] == []
    workspace.env["KAFKA_PASSWORD"] = "planted-secret"
    refused = workspace.up("--skip-preview").failed()
    assert "the user 'admin' was refused: check username, password and saslMechanism" in refused.text
    assert "planted-secret" not in refused.text
