from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import duckdb
import psycopg
import pytest

from datakit_iac import stores
from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.contract.job import Job
from datakit_iac.executors.workload import Workload
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.runtimes.store_variables import given
from datakit_iac.technologies.kafka import dsn as kafka_dsn
from datakit_iac.technologies.kafka.factory import Kafka
from datakit_iac.technologies.ownership import Mark
from datakit_iac.technologies.s3 import dsn as s3_dsn
from datakit_iac.technologies.s3.factory import S3
from datakit_iac.technologies.technology import StoreError
from tests.manifest.writing import CONNECTOR, STORE, manifest, write
from tests.servers.kafka import SecureKafka
from tests.servers.postgres import Postgres as Server
from tests.servers.s3 import S3Server, client
from tests.servers.sharing import shared


def _job(folder: Path) -> Job:
    inbox = Connection("files", {"path": str(folder / "in box")})
    warehouse = Connection("duckdb", {"path": str(folder / "ware#house.duckdb")})
    read = BoundDataSet("users-csv", "my-inbox", inbox, Place(prefix="users.csv"))
    written = BoundDataSet("users", "warehouse", warehouse, Place(table="users"))
    return Job(transform="load", runtime="generic-python", settings={}, inputs=(read,), outputs=(written,))


def test_a_job_opens_the_stores_that_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = given(Workload(argv=["true"], env={"DK_STORE_TYPE_OTHER": "mine"}), _job(tmp_path))
    assert made.secret_env == {}
    plain = {name: value for name, value in made.env.items() if value != "mine"}
    assert {name.rpartition("_STORE_")[2] for name in plain} == {
        "TYPE_MY_INBOX", "DSN_MY_INBOX", "TYPE_WAREHOUSE", "DSN_WAREHOUSE",
    }  # fmt: skip
    for name, value in plain.items():
        monkeypatch.setenv(name, value)
    with stores.get("warehouse") as database:
        database.execute("CREATE TABLE users AS SELECT 1 AS id")
    assert (tmp_path / "ware#house.duckdb").is_file()
    assert stores.get("my-inbox") == tmp_path / "in box"


def test_a_notebook_opens_a_store_of_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, CONNECTOR, STORE, manifest("Environment", "dev", "spec: {}"))
    monkeypatch.chdir(tmp_path)
    with duckdb.connect(tmp_path / "warehouse.duckdb") as database:
        database.execute("CREATE TABLE users AS SELECT 7 AS id")

    with stores.get("warehouse") as found:
        assert found.execute("SELECT id FROM users").fetchall() == [(7,)]


def test_a_store_that_is_not_there_is_refused_with_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, CONNECTOR, STORE, manifest("Environment", "dev", "spec: {}"))
    with pytest.raises(StoreError, match="unknown Store 'warehose'"):
        stores.get("warehose", project=tmp_path)
    with pytest.raises(StoreError, match="unknown Environment 'prod'"):
        stores.get("warehouse", environment="prod", project=tmp_path)


def test_a_job_opens_a_server_with_a_password_of_any_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = shared(Server)
    role, password = "job@user", "a/b:c@d?e#f%g h"
    with psycopg.connect(dbname="postgres", autocommit=True, **facts) as database:  # type: ignore[arg-type]
        database.execute(f"""DROP ROLE IF EXISTS "{role}"; CREATE ROLE "{role}" LOGIN PASSWORD '{password}'""")
    options = {"host": facts["host"], "port": int(facts["port"]), "database": "postgres", "user": role, "schema": "raw"}
    connection = Connection("postgres", options, {"password": Secret(password)})
    read = BoundDataSet("users", "warehouse", connection, Place(table="users"))
    made = given(Workload(argv=["true"]), Job(transform="x", runtime="x", settings={}, inputs=(read,), outputs=()))
    assert password not in str(made)
    for name, value in made.env.items():
        monkeypatch.setenv(name, value)
    for name, hidden in made.secret_env.items():
        monkeypatch.setenv(name, hidden.reveal())

    with stores.get("warehouse") as database:
        assert database.execute("SELECT current_user, current_setting('search_path')").fetchall() == [(role, "raw")]
    monkeypatch.setenv("DK_STORE_DSN_WAREHOUSE", made.secret_env["DK_STORE_DSN_WAREHOUSE"].reveal() + "&port=1")
    with pytest.raises(StoreError) as refused:
        stores.get("warehouse")
    assert "a/b" not in str(refused.value)


def _given(connection: Connection, monkeypatch: pytest.MonkeyPatch, hidden: str) -> None:
    """Let this process be a job that works on a Store."""
    read = BoundDataSet("users", "lake", connection, Place(prefix="users"))
    made = given(Workload(argv=["true"]), Job(transform="x", runtime="x", settings={}, inputs=(read,), outputs=()))
    assert set(made.secret_env) == {"DK_STORE_DSN_LAKE"}
    assert hidden not in str(made)
    for name, value in made.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DK_STORE_DSN_LAKE", made.secret_env["DK_STORE_DSN_LAKE"].reveal())


def test_a_job_works_on_a_bucket_with_the_keys_of_its_store(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = shared(S3Server)
    bucket = f"jobs-{uuid4().hex[:8]}"
    client(facts).create_bucket(Bucket=bucket)
    secrets = {"accessKeyId": facts["access_key_id"], "secretAccessKey": facts["secret_access_key"]}
    options = {"bucket": bucket, "prefix": "raw data/", "endpoint": facts["endpoint"]}
    connection = Connection("s3", options, {name: Secret(value) for name, value in secrets.items()})
    _given(connection, monkeypatch, secrets["secretAccessKey"])

    lake = stores.get("lake")
    lake.client.put_object(Bucket=lake.name, Key=lake.key("users.csv"), Body=b"id\n1\n")
    assert (lake.name, lake.prefix, str(secrets["secretAccessKey"]) in repr(lake)) == (bucket, "raw data/", False)
    with S3().open(connection) as session:
        assert session.count(Place(prefix="users.csv")) == 1


def test_a_job_works_on_topics_as_the_user_of_its_store(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = shared(SecureKafka)
    prefix = f"jobs.{uuid4().hex[:8]}."
    options = {
        "brokers": [facts["brokers"]], "prefix": prefix, "securityProtocol": "SASL_SSL",
        "saslMechanism": "SCRAM-SHA-512", "username": "admin", "caFile": facts["ca"],
    }  # fmt: skip
    connection = Connection("kafka", options, {"password": Secret(facts["admin"])})
    with Kafka().open(connection) as session:
        dataset = BoundDataSet("users", "lake", connection, Place(topic="users"))
        session.create(dataset, Mark(stack="shop/dev", dataset="users", generation="1f"))
    _given(connection, monkeypatch, facts["admin"])

    bus = stores.get("lake")
    assert facts["admin"] not in repr(bus)
    producer = bus.producer()
    producer.produce(bus.topic("users"), value=b"ann")
    assert producer.flush(30) == 0
    with closing(bus.consumer("readers", auto_offset_reset="earliest")) as consumer:
        consumer.subscribe([bus.topic("users")])
        message = consumer.poll(60)
        assert message is not None
        assert message.value() == b"ann"

    monkeypatch.setenv("DK_STORE_DSN_LAKE", os.environ["DK_STORE_DSN_LAKE"].replace(facts["admin"], "wrong%40one"))
    with pytest.raises(StoreError, match="the user 'admin' was refused"):
        stores.get("lake")


ODD = "a/b:c@d?e#f%g h+i&j=k"


@pytest.mark.parametrize(
    ("connection", "expected"),
    [
        (
            Connection(
                "s3",
                {
                    "bucket": "lake",
                    "prefix": "/a b/c/",
                    "endpoint": "https://s3.example.com/x",
                    "pathStyle": False,
                },
                {"accessKeyId": Secret("AK"), "secretAccessKey": Secret(ODD), "sessionToken": Secret(ODD)},
            ),
            (
                "lake",
                "a b/c/",
                {"endpoint": "https://s3.example.com/x", "pathStyle": False},
                {"accessKeyId": "AK", "secretAccessKey": ODD, "sessionToken": ODD},
            ),
        ),
        (
            Connection("s3", {"bucket": "lake", "region": "eu-west-1", "profile": "etl"}),
            ("lake", "", {"region": "eu-west-1", "profile": "etl"}, {}),
        ),
        (
            Connection(
                "kafka",
                {"brokers": ["B2:9092", "[::1]:9092"], "username": ODD, "schemaRegistry": "https://r/x?y"},
                {"password": Secret(ODD), "schemaRegistryPassword": Secret(ODD)},
            ),
            {
                "brokers": ["[::1]:9092", "b2:9092"],
                "username": ODD,
                "password": ODD,
                "schemaRegistry": "https://r/x?y",
                "schemaRegistryPassword": ODD,
            },
        ),
    ],
)
def test_an_address_says_all_of_a_store_whatever_signs_are_in_it(connection: Connection, expected: object) -> None:
    written, read = (S3().dsn, s3_dsn.read) if connection.technology == "s3" else (Kafka().dsn, kafka_dsn.read)
    address = written(connection)
    assert read(address) == expected
    assert ODD not in address
