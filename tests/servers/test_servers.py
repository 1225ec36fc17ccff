from __future__ import annotations

import json
import tempfile
import urllib.request
from pathlib import Path

import psycopg
import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.servers.jars import java
from tests.servers.kafka import Kafka, SecureKafka
from tests.servers.postgres import Postgres
from tests.servers.registry import Registry
from tests.servers.server import UnavailableError
from tests.servers.sharing import do_without, shared


def test_one_postgres_serves_the_whole_run() -> None:
    facts = shared(Postgres)

    with psycopg.connect(dbname="postgres", **facts) as database:  # type: ignore[arg-type]
        assert database.info.server_version >= 180000
    assert shared(Postgres) == facts


@pytest.mark.slow
def test_a_killed_postgres_starts_again_with_its_data() -> None:
    server = Postgres(Path(tempfile.mkdtemp(prefix="datakit-postgres-")))  # where `nobody` may go
    try:
        server.start()
        with psycopg.connect(dbname="postgres", autocommit=True, **server.facts()) as database:  # type: ignore[arg-type]
            database.execute("CREATE TABLE kept AS SELECT 1 AS number")
            database.execute("CHECKPOINT")
        server.kill()
        server.start()
        with psycopg.connect(dbname="postgres", **server.facts()) as database:  # type: ignore[arg-type]
            assert database.execute("SELECT number FROM kept").fetchall() == [(1,)]
    finally:
        server.remove()


def test_one_kafka_serves_the_whole_run() -> None:
    admin = AdminClient({"bootstrap.servers": shared(Kafka)["brokers"]})
    assert admin.describe_cluster().result(10).nodes


def test_a_secure_kafka_lets_its_users_in() -> None:
    facts = shared(SecureKafka)
    said = {"security.protocol": "SASL_SSL", "ssl.ca.location": facts["ca"], "sasl.mechanism": "SCRAM-SHA-512"}
    user = {"sasl.username": "admin", "sasl.password": facts["admin"]}
    admin = AdminClient({"bootstrap.servers": facts["brokers"], **said, **user})
    assert admin.describe_cluster().result(10).nodes


def test_one_schema_registry_serves_the_whole_run() -> None:
    with urllib.request.urlopen(f"{shared(Registry)['url']}/config") as said:
        assert json.load(said) == {"compatibilityLevel": "BACKWARD"}


@pytest.mark.slow
def test_a_killed_kafka_starts_again_with_its_topics(tmp_path: Path) -> None:
    server = Kafka(tmp_path)
    try:
        server.start()
        admin = AdminClient({"bootstrap.servers": server.facts()["brokers"]})
        admin.create_topics([NewTopic("kept", 1, 1)])["kept"].result(10)
        server.kill()
        server.start()
        assert "kept" in admin.list_topics(timeout=20).topics
    except UnavailableError as lacking:
        do_without(Kafka, lacking)
    finally:
        server.remove()


def test_a_machine_without_java_is_told_what_it_needs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    java.cache_clear()
    with pytest.raises(UnavailableError, match="it needs Java 17 or later, and there is no `java`"):
        Kafka(tmp_path / "kafka").prepare()
    java.cache_clear()
