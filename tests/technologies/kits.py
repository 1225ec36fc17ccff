"""The kits of our technologies: how to make a Store of each, and how to put rows there."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import psycopg
import snowflake.connector
from confluent_kafka import OFFSET_END, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from datakit_iac.contract.connection import Connection
from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.testing import Rows, TechnologyKit
from tests.servers.kafka import Kafka
from tests.servers.postgres import Postgres
from tests.servers.s3 import S3Server, client
from tests.servers.sharing import shared
from tests.servers.snowflake import Snowflake


def column(name: str, kind: str = "text", **more: object) -> Column:
    return Column.model_validate({"name": name, "type": kind, **more})


def duckdb_kit(folder: Path) -> TechnologyKit:
    path = folder / "store.duckdb"

    def fill(place: Place, rows: Rows) -> None:
        with duckdb.connect(path) as database:
            database.execute(f"CREATE TABLE IF NOT EXISTS {place} (id BIGINT, name VARCHAR)")
            database.execute(f"DELETE FROM {place}")
            if rows:
                columns = [list(each) for each in zip(*rows, strict=True)]
                database.execute(f"INSERT INTO {place} SELECT unnest(?::BIGINT[]), unnest(?::VARCHAR[])", columns)

    return TechnologyKit(Connection("duckdb", {"path": str(path)}), lambda name: Place(table=f"raw.{name}"), fill)


def files_kit(folder: Path) -> TechnologyKit:
    root = folder / "store"

    def fill(place: Place, rows: Rows) -> None:
        target = root / str(place)
        target.mkdir(parents=True, exist_ok=True)
        names = [f"{index}.csv" for index in range(2)]
        random.shuffle(names)  # written in any order, with the same content
        for name in names:
            (target / name).write_text("\n".join(f"{key},{text!r}" for key, text in sorted(rows)))

    return TechnologyKit(Connection("files", {"path": str(root)}), lambda name: Place(prefix=f"{name}/"), fill)


def postgres_kit(_: Path) -> TechnologyKit:
    facts, database = shared(Postgres), f"test_{uuid4().hex[:12]}"
    options = {"host": facts["host"], "port": int(facts["port"]), "database": database, "user": facts["user"]}

    def fill(place: Place, rows: Rows) -> None:
        with postgres(database) as connection:
            connection.execute(f"CREATE TABLE IF NOT EXISTS {place} (id bigint, name text)")
            connection.execute(f"TRUNCATE {place}")
            connection.cursor().executemany(f"INSERT INTO {place} VALUES (%s, %s)", rows)

    connection = Connection("postgres", options, {"password": Secret(facts["password"])})
    return TechnologyKit(connection, lambda name: Place(table=f"raw.{name}"), fill)


def postgres(database: str) -> psycopg.Connection[tuple[Any, ...]]:
    """A database of the test server, as its superuser."""
    facts = shared(Postgres)
    named = {"host": facts["host"], "port": facts["port"], "user": facts["user"], "password": facts["password"]}
    return psycopg.connect(dbname=database, autocommit=True, **named)  # type: ignore[arg-type]


def s3_kit(folder: Path) -> TechnologyKit:
    """A bucket of its own on the test run's server; what somebody else writes are plain objects."""
    facts = shared(S3Server)
    options = {"bucket": f"kit-{uuid4().hex}", "prefix": "lake", "endpoint": facts["endpoint"]}
    secrets = {"accessKeyId": Secret(facts["access_key_id"]), "secretAccessKey": Secret(facts["secret_access_key"])}
    service = client(facts)

    def fill(place: Place, rows: Rows) -> None:
        base = f"lake/{str(place).strip('/')}"
        there = service.list_objects_v2(Bucket=options["bucket"], Prefix=f"{base}/").get("Contents", ())
        for each in there:
            service.delete_object(Bucket=options["bucket"], Key=each["Key"])
        for index in random.sample(range(2), 2):
            content = "\n".join(f"{key},{text!r}" for key, text in sorted(rows))
            service.put_object(Bucket=options["bucket"], Key=f"{base}/{index}.csv", Body=content.encode())

    return TechnologyKit(Connection("s3", options, secrets), lambda name: Place(prefix=f"{name}/"), fill)


def kafka_kit(folder: Path) -> TechnologyKit:
    brokers, prefix = shared(Kafka)["brokers"], f"t{uuid4().hex[:8]}."
    admin, producer = AdminClient({"bootstrap.servers": brokers}), Producer({"bootstrap.servers": brokers})

    def fill(place: Place, rows: Rows) -> None:
        topic = f"{prefix}{place}"
        if topic not in admin.list_topics(timeout=10).topics:
            admin.create_topics([NewTopic(topic, 2, 1)])[topic].result(10)
            time.sleep(0.2)  # the brokers answer before all of it is there
        partitions = admin.list_topics(topic, timeout=10).topics[topic].partitions
        everything = [TopicPartition(topic, number, OFFSET_END) for number in partitions]
        for gone in admin.delete_records(everything).values():
            gone.result(10)
        for key, text in rows:
            producer.produce(topic, json.dumps({"id": key, "name": text}), str(key))
        assert producer.flush(10) == 0

    connection = Connection("kafka", {"brokers": [brokers], "prefix": prefix})
    return TechnologyKit(connection, lambda name: Place(topic=name), fill, is_made=False)


def snowflake_kit(_: Path) -> TechnologyKit:
    """A database of its own in the test run's emulator."""
    facts, database = shared(Snowflake), f"TEST_{uuid4().hex[:12].upper()}"

    def fill(place: Place, rows: Rows) -> None:
        with snowflake_as_somebody(database) as other:
            cursor = other.cursor()
            cursor.execute(f"CREATE TABLE IF NOT EXISTS {place} (id bigint, name text)")
            cursor.execute(f"DELETE FROM {place}")
            if rows:
                cursor.executemany(f"INSERT INTO {place} VALUES (%s, %s)", rows)

    options = {"account": "emulator", "database": database, "user": facts["user"], "connectTimeout": 10}
    server = {"host": facts["host"], "port": int(facts["port"]), "protocol": "http"}
    connection = Connection("snowflake", {**options, **server}, {"password": Secret(facts["password"])})
    return TechnologyKit(connection, lambda name: Place(table=f"raw.{name}"), fill)


def snowflake_as_somebody(database: str) -> snowflake.connector.SnowflakeConnection:
    """A database of the emulator, as somebody else uses it."""
    facts = shared(Snowflake)
    return snowflake.connector.connect(
        account="emulator",
        user=facts["user"],
        password=facts["password"],
        host=facts["host"],
        port=int(facts["port"]),
        protocol="http",
        database=database,
        schema="PUBLIC",
        network_timeout=10,
        session_parameters={"TIMEZONE": "UTC", "CLIENT_OUT_OF_BAND_TELEMETRY_ENABLED": False},
    )


KITS = {
    "duckdb": duckdb_kit,
    "files": files_kit,
    "kafka": kafka_kit,
    "postgres": postgres_kit,
    "s3": s3_kit,
    "snowflake": snowflake_kit,
}
