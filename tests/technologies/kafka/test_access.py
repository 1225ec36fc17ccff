"""A cluster that wants TLS and a user: what is not right is told once, with what to do."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.technologies.kafka.cloudquery.load import Load
from datakit_iac.technologies.kafka.cloudquery.source import KafkaSource
from datakit_iac.technologies.kafka.cloudquery.spec import KafkaSpec
from datakit_iac.technologies.kafka.connection import KafkaConnection
from datakit_iac.technologies.kafka.factory import Kafka as Technology
from datakit_iac.technologies.technology import StoreError
from tests.servers.authority import Authority
from tests.servers.kafka import SecureKafka
from tests.servers.sharing import shared
from tests.servers.tokens import Tokens
from tests.technologies.kafka.conftest import MARK, columns


def connection(user: str = "admin", password: str = "", **more: Any) -> Connection:
    facts = shared(SecureKafka)
    options = {
        "brokers": [facts["brokers"]],
        "prefix": f"t{uuid.uuid4().hex[:8]}.",
        "securityProtocol": "SASL_SSL",
        "saslMechanism": "SCRAM-SHA-512",
        "username": user,
        "caFile": facts["ca"],
        "timeout": 5,
    }
    said = {name: value for name, value in {**options, **more}.items() if value is not None}
    return Connection("kafka", said, {"password": Secret(password or facts.get(user, ""))})


def dataset(at: Connection) -> BoundDataSet:
    return BoundDataSet("users", "bus", at, Place(topic="users"), columns("*id bigint", "name text"))


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "SCRAM-SHA-256"])
def test_a_user_with_a_password_is_let_in(mechanism: str) -> None:
    at = connection(saslMechanism=mechanism)
    assert Technology().check(at) == []
    with Technology().open(at) as session:
        session.create(dataset(at), MARK)
        live = session.describe(dataset(at).place)
    assert live is not None
    assert live.mark == MARK


def mutual(**more: Any) -> Connection:
    facts = shared(SecureKafka)
    files = {"caFile": facts["ca"], "certFile": facts["certificate"], "keyFile": facts["key"]}
    options = {"brokers": [facts["mutual"]], "securityProtocol": "SSL", "prefix": f"t{uuid.uuid4().hex[:8]}.", **files}
    said = {name: value for name, value in {**options, "timeout": 5, **more}.items() if value is not None}
    return Connection("kafka", said, {"keyPassword": Secret(facts["admin"])} if "keyFile" in said else {})


def test_a_client_with_a_certificate_is_let_in_and_its_address_says_it() -> None:
    at = mutual()
    assert Technology().check(at) == []
    with Technology().open(at) as session:
        session.create(dataset(at), MARK)
        assert session.describe(dataset(at).place) is not None
    opened = Technology().connect(Technology().dsn(at))
    assert opened.topic("users") in AdminClient(dict(opened.settings)).list_topics(timeout=10).topics


def test_a_client_without_its_certificate_is_told_what_to_check() -> None:
    at = mutual(certFile=None, keyFile=None)
    with pytest.raises(StoreError, match="certFile") as refused, Technology().open(at):
        pass
    assert "\n" not in str(refused.value)


@pytest.fixture(scope="module")
def tokens() -> Iterator[Tokens]:
    with Tokens(Path(shared(SecureKafka)["token_key"]), "service", "s3cr&t=").listening() as listening:
        yield listening


def by_token(tokens: Tokens, secret: str = "s3cr&t=", **more: Any) -> Connection:
    given = {"brokers": [shared(SecureKafka)["tokens"]], "saslMechanism": "OAUTHBEARER", "username": "service"}
    at = {"tokenEndpoint": tokens.url, "tokenScope": "kafka.write", "saslExtensions": {"logicalCluster": "lkc-1"}}
    return connection(password=secret, **{**given, **at, **more})


def test_a_client_with_a_token_of_its_endpoint_is_let_in_and_loads_and_its_address_says_it(tokens: Tokens) -> None:
    at = by_token(tokens)
    assert Technology().check(at) == []
    with Technology().open(at) as session:
        session.create(dataset(at), MARK)
        assert session.describe(dataset(at).place) is not None
    assert {*tokens.scopes} == {"kafka.write"}
    table = {"name": "users", "topic": f"{at.options['prefix']}users", "columns": [{"name": "id", "type": "bigint"}]}
    said = {**at.options, "password": at.secrets["password"].reveal()}
    load = Load(KafkaSpec.parse({"connection": said, "tables": [table], "source": "load", "run": "1f"}))
    load.finish()
    load.commit()
    opened = Technology().connect(Technology().dsn(at))
    assert opened.settings["sasl.oauthbearer.extensions"] == "logicalCluster=lkc-1"
    assert opened.topic("users") in AdminClient(dict(opened.settings)).list_topics(timeout=10).topics


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"secret": "planted-secret"}, "the user 'service' was refused: check username, password, tokenEndpoint and"),
        ({"tokenEndpoint": "http://127.0.0.1:9/token"}, "check username, password, tokenEndpoint and saslMechanism"),
        ({"brokers": ["CLIENT"]}, "check username, password, tokenEndpoint and saslMechanism"),
    ],
)
def test_a_token_that_is_not_given_or_not_taken_is_told_without_the_secret(
    tokens: Tokens, wrong: dict[str, Any], told: str
) -> None:
    wrong = {**wrong, "brokers": [shared(SecureKafka)["brokers"]]} if "brokers" in wrong else wrong
    with pytest.raises(StoreError) as refused, Technology().open(by_token(tokens, **wrong)):
        pass
    assert told in str(refused.value)
    assert "planted-secret" not in str(refused.value)
    assert "\n" not in str(refused.value)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"password": "planted-secret"}, "the user 'admin' was refused: check username, password and saslMechanism"),
    ({"user": "nobody", "password": "planted-secret"}, "the user 'nobody' was refused"),
    ({"saslMechanism": "PLAIN", "password": "planted-secret"}, "the user 'admin' was refused"),
    ({"caFile": "OTHER"}, "check caFile"),
    ({"securityProtocol": "SASL_PLAINTEXT"}, "check brokers and securityProtocol"),
    ({"brokers": ["127.0.0.1:9"]}, "check brokers and securityProtocol, and that the brokers run"),
]


@pytest.mark.parametrize(("wrong", "told"), WRONG)
def test_what_is_wrong_is_told_once_and_without_the_password(wrong: dict[str, Any], told: str, tmp_path: Path) -> None:
    said = {name: str(Authority(tmp_path).file) if value == "OTHER" else value for name, value in wrong.items()}
    with pytest.raises(StoreError) as refused, Technology().open(connection(**said)):
        pass
    text = str(refused.value)
    assert told in text
    assert "planted-secret" not in text
    assert shared(SecureKafka)["admin"] not in text
    assert "\n" not in text


USER = {"securityProtocol": "SASL_SSL", "username": "ann"}
MODEL: list[tuple[dict[str, Any], list[str], str]] = [
    ({"securityProtocol": "SASL_SSL"}, [], "requires saslMechanism and username and password"),
    ({"username": "ann"}, ["password"], "securityProtocol PLAINTEXT does not sign in"),
    ({"schemaRegistry": "http://x", "schemaRegistryUsername": "ann"}, [], "requires schemaRegistryPassword"),
    ({"password": "x"}, [], "password is a secret of kafka"),
    ({"prefix": "a b"}, [], "prefix"),
    ({"securityProtocol": "SSL", "certFile": "a.crt"}, [], "is certFile and keyFile"),
    ({"certFile": "a.crt", "keyFile": "a.key"}, [], "securityProtocol PLAINTEXT shows no certificate"),
    ({**USER, "saslMechanism": "OAUTHBEARER"}, ["password"], "OAUTHBEARER requires tokenEndpoint"),
    (
        {**USER, "saslMechanism": "PLAIN", "tokenScope": "x"},
        ["password"],
        "tokenScope is for saslMechanism OAUTHBEARER",
    ),
]


@pytest.mark.parametrize(("options", "secrets", "told"), MODEL)
def test_a_connection_that_cannot_work_is_refused_before_it_is_tried(
    options: dict[str, Any], secrets: list[str], told: str
) -> None:
    faults = KafkaConnection.faults("kafka", {"brokers": ["x:9092"], **options}, secrets)
    assert any(told in str(fault) for fault in faults), faults


def test_a_file_of_authorities_that_is_not_there_is_named() -> None:
    (fault,) = Technology().check(connection(caFile="/nowhere/ca.crt"))
    assert (fault.path, str(fault)) == (("caFile",), "there is no file /nowhere/ca.crt that can be read")


def test_without_the_right_nothing_is_made_and_the_right_is_named() -> None:
    at = connection("test")
    with Technology().open(at) as session, pytest.raises(StoreError, match="uthoriz"):
        session.create(dataset(at), MARK)
    admin = connection(prefix=at.options["prefix"])
    with Technology().open(admin) as session:
        assert session.places("") == []


def test_a_user_who_may_only_make_topics_of_its_prefix_needs_no_more() -> None:
    at = connection("test")
    grant(at)
    with Technology().open(at) as session:
        session.create(dataset(at), MARK)
        live = session.describe(dataset(at).place)
    assert live is not None
    assert live.mark == MARK


def test_a_user_who_may_not_write_is_refused_before_anything_is_written() -> None:
    admin = connection()
    with Technology().open(admin) as session:
        session.create(dataset(admin), MARK)
    at = connection("test", prefix=admin.options["prefix"])
    grant(at, AclOperation.DESCRIBE, AclOperation.READ, AclOperation.DESCRIBE_CONFIGS)
    table = {"name": "users", "topic": f"{at.options['prefix']}users", "columns": [{"name": "id", "type": "bigint"}]}
    said = {**at.options, "password": at.secrets["password"].reveal()}
    with pytest.raises(PluginFault, match="uthoriz"):
        Load(KafkaSpec.parse({"connection": said, "tables": [table], "source": "load", "run": "1f"}))


def test_a_user_who_may_read_a_topic_needs_no_more_to_load_from_it() -> None:
    admin, facts = connection(), shared(SecureKafka)
    with Technology().open(admin) as session:
        session.create(dataset(admin), MARK)
    producer = Producer({"bootstrap.servers": facts["inside"]})
    producer.produce(f"{admin.options['prefix']}users", '{"id": 1}')
    assert producer.flush(10) == 0
    at = connection("test", prefix=admin.options["prefix"])
    grant(at, AclOperation.DESCRIBE, AclOperation.READ, AclOperation.DESCRIBE_CONFIGS, only="users")
    table = {"name": "users", "topic": f"{at.options['prefix']}users", "columns": [{"name": "id", "type": "bigint"}]}
    said = {**at.options, "password": at.secrets["password"].reveal()}
    source = KafkaSource(KafkaSpec.parse({"connection": said, "tables": [table]}))
    assert [batch.num_rows for each in source.batches() for batch in wire.decode_batches(each)] == [1]
    with Technology().open(at) as session:
        live = session.describe(dataset(at).place)
        assert session.data_version(dataset(at))
    assert live is not None
    assert live.mark is None


def grant(at: Connection, *operations: AclOperation, only: str = "") -> None:
    """Give `test` rights on all topics and transactions of a prefix, or on one topic."""
    facts = shared(SecureKafka)
    admin = AdminClient({"bootstrap.servers": facts["inside"]})
    kinds = (ResourceType.TOPIC, *(() if operations else (ResourceType.TRANSACTIONAL_ID,)))
    rights = [
        AclBinding(
            kind,
            f"{at.options['prefix']}{only}",
            ResourcePatternType.LITERAL if only else ResourcePatternType.PREFIXED,
            "User:test",
            "*",
            operation,
            AclPermissionType.ALLOW,
        )
        for kind in kinds
        for operation in (operations or (AclOperation.ALL,))
    ]
    for answer in admin.create_acls(rights).values():
        answer.result(10)
